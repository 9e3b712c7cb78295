import RouterCheckpoint
import RouterModel

/// Seconds of one run of a phase.
package struct PhaseTiming: Sendable, Equatable {
  package var layers = 0.0
  package var head = 0.0
  /// Everything, embedding and bookkeeping included.
  package var total = 0.0
}

/// A session on which phases that start from the same context are run over and over.
final class BenchmarkStage {
  private let session: InferenceSession
  private let logits: UnsafeMutablePointer<Float>
  /// Positions that are in the cache before a phase.
  private let context: Int

  /// Makes room for `capacity` positions and fills the first `context` of them, by running tokens through the
  /// layers.
  init(model: LlamaModel, depth: Int, context: Int, capacity: Int) throws(ModelError) {
    session = try InferenceSession(model: model, capacity: capacity, depthLimit: depth)
    logits = .allocate(capacity: model.configuration.vocabularySize)
    self.context = context
    var unused = PhaseTiming()
    try fill(context, timing: &unused)
    // Scratch and code are touched once before a clock runs.
    _ = try run(.decode(tokens: min(2, capacity - context), context: context))
  }

  deinit { logits.deallocate() }

  /// Runs a phase whose context is this stage's.
  func run(_ phase: BenchmarkPhase) throws(ModelError) -> PhaseTiming {
    precondition(phase.context == context, "\(phase.name) on a stage of \(context) positions")
    session.rollBack(to: context)
    var timing = PhaseTiming()
    var watch = Stopwatch()
    switch phase {
    case .prefill(let tokens):
      try fill(tokens, timing: &timing)
    case .decode(let tokens, _):
      for _ in 0..<tokens { try step(1, withHead: true, timing: &timing) }
    }
    timing.total = watch.lap()
    return timing
  }

  /// Runs a prompt of `count` tokens, to the last one's logits.
  private func fill(_ count: Int, timing: inout PhaseTiming) throws(ModelError) {
    var left = count
    while left > 0 {
      let rows = min(left, InferenceSession.maximumRows, session.capacity)
      left -= rows
      try step(rows, withHead: left == 0, timing: &timing)
    }
  }

  private func step(_ rows: Int, withHead: Bool, timing: inout PhaseTiming) throws(ModelError) {
    // A fixed walk through the vocabulary: any tokens cost the same.
    let vocabulary = session.model.configuration.vocabularySize
    try session.begin((0..<rows).map { Int32((session.position + $0) * 7919 % vocabulary) })
    var watch = Stopwatch()
    session.advance(to: session.depthLimit)
    timing.layers += watch.lap()
    if withHead {
      session.logits(rows: rows - 1..<rows, into: logits)
      timing.head += watch.lap()
    }
    session.commitFull()
  }
}
