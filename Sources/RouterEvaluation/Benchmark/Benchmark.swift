import Foundation
import RouterModel
import RouterTensor

/// Measures models, the machine, and other engines beside them.
///
/// Rows take turns within each repetition, so that whatever else the machine does hits all of them alike.
package final class Benchmark {
  private struct Row {
    let phase: BenchmarkPhase
    let weights: String
    let model: LlamaModel
    let depth: Int
    let head: BenchmarkHead
    let stage: BenchmarkStage
    var timings: [PhaseTiming] = []
  }

  private struct ModelKey: Hashable {
    let subject: Int
    let threads: Int
    let head: BenchmarkHead
    /// A screen of the head is made from the inputs that it sees first, which differ from depth to depth.
    let depth: Int
  }

  private struct StageKey: Hashable {
    let model: ModelKey
    let context: Int
  }

  private struct PeerRow {
    let peer: Int
    let phase: BenchmarkPhase
    var engine: String
    var speeds: [Double] = []
    var skipped: String?
  }

  /// Seconds between one engine and the next. Threads of an engine may spin for a while after its work is done
  /// (a team of OpenMP does), on the processors that the next one is timed on.
  private static let rest = 0.1

  private let subjects: [BenchmarkSubject]
  private let settings: BenchmarkSettings
  private let peers: [PeerProcess]
  private var rows: [Row] = []
  private var peerRows: [PeerRow] = []
  private var models: [ModelKey: LlamaModel] = [:]
  private var stages: [StageKey: BenchmarkStage] = [:]

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
    let phases = settings.phases
    for (number, phase) in phases.enumerated() {
      for index in subjects.indices { try addRows(phase, subject: index) }
      for peer in peers.indices {
        peerRows.append(PeerRow(peer: peer, phase: phase, engine: "peer \(peer + 1)"))
      }
      progress(Double(number + 1) / Double(phases.count))
    }
    // Rows hold what they need.
    models = [:]
    stages = [:]
  }

  private func addRows(_ phase: BenchmarkPhase, subject index: Int) throws {
    let subject = subjects[index]
    // Prompts have one head each: how it is computed does not matter.
    var heads = settings.heads
    if case .prefill = phase { heads = [.full] }
    for depth in settings.depths ?? [subject.model.layerCount] {
      for threads in settings.threads {
        for head in heads {
          let modelKey = ModelKey(subject: index, threads: threads, head: head, depth: depth)
          let model = models[modelKey] ?? subject.model(threads: threads, screening: head.screening)
          models[modelKey] = model
          let key = StageKey(model: modelKey, context: phase.context)
          let sharing = settings.phases.filter { $0.context == phase.context }
          let stage =
            try stages[key]
            ?? BenchmarkStage(
              model: model, head: head, text: subject.text, depth: depth, context: phase.context,
              capacity: sharing.map { $0.context + $0.tokens }.max() ?? 1)
          stages[key] = stage
          rows.append(
            Row(
              phase: phase, weights: subject.weights, model: model, depth: depth, head: head, stage: stage))
        }
      }
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
          rest()
          rows[index].timings.append(try rows[index].stage.run(phase))
        }
        for index in peerRows.indices where peerRows[index].phase == phase { try runPeer(index) }
        step += 1
        progress(Double(step) / Double(steps))
      }
    }
  }

  private func rest() {
    if !peers.isEmpty { Thread.sleep(forTimeInterval: Self.rest) }
  }

  private func runPeer(_ index: Int) throws {
    let row = peerRows[index]
    guard row.skipped == nil else { return }
    rest()
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
      guard let rates = limits.rates(threads: row.model.matmul.team.threadCount) else { return nil }
      return BenchmarkResult(
        phase: row.phase, weights: row.weights, depth: row.depth, head: row.head, model: row.model,
        timings: row.timings, rates: rates)
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
              weights: $0.weights, threads: $0.threads, head: $0.head,
              ratio: $0.tokensPerSecond.ratio(to: speed))
          })
    }
  }
}
