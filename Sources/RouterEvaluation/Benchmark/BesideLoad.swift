import RouterModel

/// Decoding beside another process that takes a core, against decoding alone.
package struct BesideLoad: Sendable, Encodable {
  /// Tokens a second with one thread and nothing beside it.
  package let alone: Sample
  /// With all threads and nothing beside them.
  package let all: Sample
  /// With all threads beside a process that keeps core 0 busy.
  package let beside: Sample
  package let threads: Int
  package let tokens: Int

  /// What is left beside the other process, against one thread alone: pair by pair.
  package var ratio: Sample { beside.ratio(to: alone) }

  private enum CodingKeys: String, CodingKey { case alone, all, beside, threads, tokens, ratio }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(alone, forKey: .alone)
    try container.encode(all, forKey: .all)
    try container.encode(beside, forKey: .beside)
    try container.encode(threads, forKey: .threads)
    try container.encode(tokens, forKey: .tokens)
    try container.encode(ratio, forKey: .ratio)
  }

  /// Measures, the three ways taking turns.
  ///
  /// - Parameters:
  ///   - tokens: tokens of each run, from an empty context.
  ///   - progress: receives the share of the work that is done, 0 ... 1.
  package init(
    _ subject: BenchmarkSubject, threads: Int, tokens: Int, repetitions: Int, progress: (Double) -> Void
  ) throws {
    let depth = subject.model.layerCount
    let phase = BenchmarkPhase.decode(tokens: tokens, context: 0)
    let single = try BenchmarkStage(
      model: subject.model(threads: 1, screening: .off), head: .full, text: subject.text, depth: depth,
      context: 0, capacity: tokens)
    let team = try BenchmarkStage(
      model: subject.model(threads: threads, screening: .off), head: .full, text: subject.text, depth: depth,
      context: 0, capacity: tokens)
    let busy = try BusyProcess()
    var (alone, all, beside) = (Sample(), Sample(), Sample())
    func speed(_ stage: BenchmarkStage) throws -> Double { Double(tokens) / (try stage.run(phase).total) }
    for repetition in 0..<repetitions {
      alone.append(try speed(single))
      all.append(try speed(team))
      busy.resume()
      beside.append(try speed(team))
      busy.pause()
      progress(Double(repetition + 1) / Double(repetitions))
    }
    (self.alone, self.all, self.beside) = (alone, all, beside)
    self.threads = threads
    self.tokens = tokens
  }
}
