import RouterCheckpoint
import RouterExit
import RouterModel

/// Measures what layers, heads and decisions cost: medians of runs that take turns.
package struct CostMeter {
  /// Numbers of rows that are measured.
  static let rows = [1, 2, 4, 8, 16]
  /// Positions before the rows, as far as the model's context allows.
  static let contexts = [0, 256, 1024]

  private let model: LlamaModel
  private let repetitions: Int
  private let rows: [Int]
  private let contexts: [Int]

  package init(_ model: LlamaModel, repetitions: Int = 7) {
    self.model = model
    self.repetitions = max(1, repetitions)
    let limit = model.configuration.contextLength
    let rows = Self.rows.filter { $0 <= limit }
    self.rows = rows
    contexts = Self.contexts.filter { $0 + (rows.last ?? 1) <= limit }
  }

  /// Runs everything.
  ///
  /// - Parameter progress: receives the share of the work that is done, 0 ... 1.
  package func measure(progress: (Double) -> Void = { _ in }) throws -> CostModel {
    let most = rows.last ?? 1
    let sessions = try contexts.map { context in
      let session = try InferenceSession(model: model, capacity: context + most)
      try fill(session, to: context)
      return session
    }
    let logits = UnsafeMutableBufferPointer<Float>.allocate(
      capacity: most * model.configuration.vocabularySize)
    logits.initialize(repeating: 0)
    defer { logits.deallocate() }
    // By row count, then by context.
    var layers = rows.map { _ in contexts.map { _ in Sample() } }
    var heads = rows.map { _ in Sample() }
    var decisions: [String: Sample] = [:]
    var propagation = Sample()
    var (argmax, narrow) = (Sample(), Sample())
    // The first round warms up.
    for repetition in 0...repetitions {
      for (place, session) in sessions.enumerated() {
        for (index, count) in rows.enumerated() {
          let cost = try run(session, rows: count, logits)
          guard repetition > 0 else { continue }
          layers[index][place].append(cost.layer)
          heads[index].append(cost.head)
        }
      }
      if repetition > 0, let session = sessions.first {
        for (name, seconds) in try DecisionTiming(session, logits: UnsafeBufferPointer(logits)).seconds {
          decisions[name, default: Sample()].append(seconds)
        }
        if let seconds = try propagationSeconds(session) { propagation.append(seconds) }
        argmax.append(try argmaxSeconds(session, logits))
        if model.hasNarrowHead { narrow.append(try narrowHeadSeconds(session, logits)) }
      }
      progress(Double(repetition + 1) / Double(repetitions + 1))
    }
    return try CostModel(
      rows: rows,
      layers: layers.map { line in
        CostLine(fitting: zip(contexts, line).map { (Double($0), $1.median) })
      },
      heads: heads.map(\.median), narrowHeadSeconds: model.hasNarrowHead ? narrow.median : nil,
      argmaxSeconds: argmax.median,
      decisionSeconds: decisions.mapValues(\.median),
      propagation: propagation.median)
  }

  /// Seconds to find the most probable next token of one row, with logits only if the screen cannot tell.
  private func argmaxSeconds(
    _ session: InferenceSession, _ logits: UnsafeMutableBufferPointer<Float>
  ) throws -> Double {
    let start = session.position
    defer { session.rollBack(to: start) }
    try session.begin(tokens(1, from: start))
    session.advance(to: session.depthLimit)
    var watch = Stopwatch()
    if session.mostProbableToken(row: 0) == nil, let base = logits.baseAddress {
      session.logits(rows: 0..<1, into: base)
    }
    return watch.lap()
  }

  /// Seconds of the narrow head of one row.
  private func narrowHeadSeconds(
    _ session: InferenceSession, _ logits: UnsafeMutableBufferPointer<Float>
  ) throws -> Double {
    let start = session.position
    defer { session.rollBack(to: start) }
    try session.begin(tokens(1, from: start))
    session.advance(to: session.depthLimit)
    var watch = Stopwatch()
    if let base = logits.baseAddress { session.narrowLogits(rows: 0..<1, into: base) }
    return watch.lap()
  }

  /// Seconds for each layer that a token skipped after the first exit; nil for a model without an early one.
  private func propagationSeconds(_ session: InferenceSession) throws -> Double? {
    let start = session.position
    defer { session.rollBack(to: start) }
    guard let exit = model.exits.first, exit < session.depthLimit else { return nil }
    try session.begin(tokens(1, from: start))
    session.advance(to: exit)
    var watch = Stopwatch()
    session.propagateAndCommit()
    return watch.lap() / Double(session.depthLimit - exit)
  }

  /// Seconds of a layer and of the heads of some tokens, which are forgotten again.
  private func run(
    _ session: InferenceSession, rows count: Int, _ logits: UnsafeMutableBufferPointer<Float>
  ) throws -> (layer: Double, head: Double) {
    let start = session.position
    defer { session.rollBack(to: start) }
    try session.begin(tokens(count, from: start))
    var watch = Stopwatch()
    session.advance(to: session.depthLimit)
    let layers = watch.lap()
    if let base = logits.baseAddress { session.logits(rows: 0..<count, into: base) }
    return (layers / Double(session.depthLimit), watch.lap())
  }

  private func fill(_ session: InferenceSession, to context: Int) throws {
    while session.position < context {
      let count = min(InferenceSession.maximumRows, session.capacity, context - session.position)
      try session.begin(tokens(count, from: session.position))
      session.advance(to: session.depthLimit)
      session.commitFull()
    }
  }

  /// A fixed walk through the vocabulary: any tokens cost the same.
  private func tokens(_ count: Int, from position: Int) -> [Int32] {
    (0..<count).map { Int32((position + $0) * 7919 % model.configuration.vocabularySize) }
  }
}
