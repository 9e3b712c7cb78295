import RouterModel

/// Measures models, the machine, and other engines beside them.
///
/// Rows take turns within each repetition, so that whatever else the machine does hits all of them alike.
package final class Benchmark {
  private struct Row {
    let phase: BenchmarkPhase
    let subject: Int
    let threads: Int
    let depth: Int
    let stage: BenchmarkStage
    var timings: [PhaseTiming] = []
  }

  private struct StageKey: Hashable {
    let subject: Int
    let threads: Int
    let depth: Int
    let context: Int
  }

  private struct PeerRow {
    let peer: Int
    let phase: BenchmarkPhase
    var engine: String
    var speeds: [Double] = []
    var skipped: String?
  }

  private let subjects: [BenchmarkSubject]
  private let settings: BenchmarkSettings
  private let peers: [PeerProcess]
  private var rows: [Row] = []
  private var peerRows: [PeerRow] = []

  /// Makes sessions and fills contexts.
  ///
  /// - Parameter progress: receives the share of the contexts that are filled, 0 ... 1.
  /// - Throws: ``EvaluationError`` `invalidSetting` for rows that a model cannot run.
  package init(
    subjects: [BenchmarkSubject], settings: BenchmarkSettings, peers: [PeerProcess] = [],
    progress: (Double) -> Void = { _ in }
  ) throws {
    for subject in subjects { try settings.check(subject) }
    self.subjects = subjects
    self.settings = settings
    self.peers = peers
    var stages: [StageKey: BenchmarkStage] = [:]
    var models: [[Int: LlamaModel]] = []
    for subject in subjects {
      models.append(
        Dictionary(uniqueKeysWithValues: Set(settings.threads).map { ($0, subject.model(threads: $0)) }))
    }
    let phases = settings.phases
    for (number, phase) in phases.enumerated() {
      for (index, subject) in subjects.enumerated() {
        for depth in settings.depths ?? [subject.model.layerCount] {
          for threads in settings.threads {
            guard let model = models[index][threads] else { continue }
            let key = StageKey(subject: index, threads: threads, depth: depth, context: phase.context)
            let capacity =
              phases.filter { $0.context == phase.context }.map { $0.context + $0.tokens }.max() ?? 1
            let stage =
              try stages[key]
              ?? BenchmarkStage(model: model, depth: depth, context: phase.context, capacity: capacity)
            stages[key] = stage
            rows.append(Row(phase: phase, subject: index, threads: threads, depth: depth, stage: stage))
          }
        }
      }
      for peer in peers.indices {
        peerRows.append(PeerRow(peer: peer, phase: phase, engine: "peer \(peer + 1)"))
      }
      progress(Double(number + 1) / Double(phases.count))
    }
  }

  /// Runs every row `repetitions` times.
  ///
  /// - Parameter progress: receives the share of the runs that are done, 0 ... 1.
  /// - Throws: ``EvaluationError`` `peerFailed`, `ModelError`.
  package func run(progress: (Double) -> Void = { _ in }) throws {
    let steps = settings.repetitions * settings.phases.count
    var step = 0
    for _ in 0..<settings.repetitions {
      for phase in settings.phases {
        for index in rows.indices where rows[index].phase == phase {
          rows[index].timings.append(try rows[index].stage.run(phase))
        }
        for index in peerRows.indices where peerRows[index].phase == phase { try runPeer(index) }
        step += 1
        progress(Double(step) / Double(steps))
      }
    }
  }

  private func runPeer(_ index: Int) throws {
    let row = peerRows[index]
    guard row.skipped == nil else { return }
    let answer = try peers[row.peer].measure(row.phase.name)
    if let engine = answer.engine { peerRows[index].engine = engine }
    if let speed = answer.tokensPerSecond {
      peerRows[index].speeds.append(speed)
    } else {
      peerRows[index].skipped = answer.skipped ?? "no tokens_per_second"
    }
  }

  /// What has been measured, against the machine's limits.
  package func results(limits: MachineLimits) -> [BenchmarkResult] {
    rows.compactMap { row in
      guard let rates = limits.rates(threads: row.threads) else { return nil }
      let subject = subjects[row.subject]
      return BenchmarkResult(
        phase: row.phase, weights: subject.weights, threads: row.threads, depth: row.depth,
        work: PhaseWork(row.phase, depth: row.depth, model: subject.model), timings: row.timings, rates: rates
      )
    }
  }

  /// What the other engines reached, against `results`.
  package func peerResults(_ results: [BenchmarkResult]) -> [PeerResult] {
    peerRows.map { row in
      let speed = Sample(row.speeds)
      let own = results.filter { result in
        result.phase == row.phase && subjects.contains { $0.model.layerCount == result.depth }
      }
      return PeerResult(
        engine: row.engine, name: row.phase.name, tokensPerSecond: speed, skipped: row.skipped,
        ratios: row.skipped != nil
          ? []
          : own.map {
            PeerResult.Ratio(
              weights: $0.weights, threads: $0.threads, ratio: $0.tokensPerSecond.ratio(to: speed))
          })
    }
  }
}
