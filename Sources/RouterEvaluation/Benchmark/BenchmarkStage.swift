import RouterCheckpoint
import RouterExit
import RouterModel

/// A session on which phases that start from the same context are run over and over.
final class BenchmarkStage {
  private let session: InferenceSession
  private let logits: UnsafeMutableBufferPointer<Float>
  private let text: [Int32]
  /// Positions that are in the cache before a phase.
  private let context: Int

  /// Makes room for `capacity` positions and fills the first `context` of them with the text.
  init(
    model: LlamaModel, head: BenchmarkHead, text: [Int32], depth: Int, context: Int, capacity: Int
  ) throws(ModelError) {
    session = try InferenceSession(model: model, capacity: capacity, depthLimit: depth)
    logits = .allocate(capacity: model.configuration.vocabularySize)
    logits.initialize(repeating: 0)
    self.text = text
    self.context = context
    var unused = PhaseTiming()
    try prefill(context, timing: &unused)
    try warmUp(head)
  }

  deinit { logits.deallocate() }

  /// Touches scratch and code once, and has the screen of the head made, if there is to be one.
  private func warmUp(_ head: BenchmarkHead) throws(ModelError) {
    let phase = BenchmarkPhase.decode(tokens: min(16, session.capacity - context), context: context)
    var seen = 0
    repeat {
      _ = try run(phase)
      seen += phase.tokens
    } while head == .screened && session.model.headScreen.counters.byteCount == 0
      && seen < 2 * HeadScreening.usualInputs
  }

  /// Runs a phase whose context is this stage's.
  func run(_ phase: BenchmarkPhase) throws(ModelError) -> PhaseTiming {
    precondition(phase.context == context, "\(phase.name) on a stage of \(context) positions")
    session.rollBack(to: context)
    let before = session.model.headScreen.counters
    var timing = PhaseTiming()
    var watch = Stopwatch()
    switch phase {
    case .prefill(let tokens): try prefill(tokens, timing: &timing)
    case .decode, .replay: try decode(phase.depths(of: session.depthLimit), timing: &timing)
    }
    timing.total = watch.lap()
    let after = session.model.headScreen.counters
    timing.screened = after.screened - before.screened
    timing.fallbacks = after.fallbacks - before.fallbacks
    timing.rescoredRows = after.rescoredRows - before.rescoredRows
    return timing
  }

  /// Runs a prompt of `count` tokens, to the last one's logits.
  private func prefill(_ count: Int, timing: inout PhaseTiming) throws(ModelError) {
    var left = count
    while left > 0 {
      let rows = min(left, InferenceSession.maximumRows, session.capacity)
      left -= rows
      var watch = Stopwatch()
      try session.begin((0..<rows).map { text[(session.position + $0) % text.count] })
      session.advanceForLast()
      timing.layers += watch.lap()
      if left == 0, let base = logits.baseAddress {
        session.logits(rows: rows - 1..<rows, into: base)
        timing.head += watch.lap()
      }
      session.commitFull()
    }
  }

  /// Goes on greedily after the context, each token through so many layers.
  private func decode(_ depths: [Int], timing: inout PhaseTiming) throws(ModelError) {
    var token = text[session.position % text.count]
    for depth in depths {
      var watch = Stopwatch()
      try session.begin(CollectionOfOne(token))
      session.advance(to: depth)
      timing.layers += watch.lap()
      token = mostProbableToken()
      timing.head += watch.lap()
      session.propagateAndCommit()
      timing.layers += watch.lap()
    }
  }

  private func mostProbableToken() -> Int32 {
    if let token = session.mostProbableToken(row: 0) { return token }
    if let base = logits.baseAddress { session.logits(rows: 0..<1, into: base) }
    return Int32(SoftmaxStatistics.argmax(UnsafeBufferPointer(logits)) ?? 0)
  }
}
