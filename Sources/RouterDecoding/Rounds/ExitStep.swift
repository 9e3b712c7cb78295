import RouterExit
import RouterModel

/// Runs one token through the layers, asking a policy at its exits how far.
///
/// It is the ``ExitLogits`` of its own observations: logits that a policy has asked for at the exit where the
/// token leaves are not computed again.
final class ExitStep: DecodingStep, ExitLogits {
  let next: HeadOutput
  let session: InferenceSession
  private var walk: ExitLoop
  private let keyValues: KeyValueMode
  private let record: CatchUpCosts
  private let clock = ContinuousClock()

  /// - Parameters:
  ///   - record: what catching up costs.
  ///   - demand: what chooses a token.
  init(
    session: InferenceSession, policy: (any ExitPolicy)?, keyValues: KeyValueMode = .propagate,
    record: CatchUpCosts = CatchUpCosts(), demand: LogitDemand = .all
  ) {
    self.session = session
    self.keyValues = keyValues
    self.record = record
    next = HeadOutput(session: session, demand: demand)
    walk = ExitLoop(session: session, policy: policy)
  }

  var verification: DraftingSummary? { nil }

  func logits() -> UnsafeBufferPointer<Float> { next.logits(row: session.rowCount - 1) }

  func prefill(_ tokens: ArraySlice<Int32>, isLast: Bool) throws(ModelError) {
    try runPrompt(tokens, isLast: isLast)
  }

  func run(_ token: Int32, index: Int) throws(ModelError) -> TokenExit {
    try session.append(CollectionOfOne(token))
    next.beginRound()
    let run = walk.run(index: index, logits: self)
    if run.depth == session.depthLimit {
      next.conclude(row: session.rowCount - 1)
      session.commitFull()
      return run
    }
    next.conclude(row: session.rowCount - 1)
    switch keyValues {
    case .propagate: session.propagateAndCommit()
    case .exact:
      if let time = walk.firstTime {
        record.record(
          rows: 1, seconds: time.seconds, layers: time.layers, of: session.depthLimit)
      }
      if session.rowCount >= record.deferredRowLimit(of: session) { catchUp(from: run.depth) }
    }
    return run
  }

  /// Runs all tokens in flight, of which the last has run `depth` layers, through the others.
  private func catchUp(from depth: Int) {
    let isLevel = session.ledger.depths.allSatisfy { $0 == depth }
    let (rows, started) = (session.rowCount, clock.now)
    session.advance(to: session.depthLimit)
    if isLevel {
      record.record(
        rows: rows, seconds: (clock.now - started) / .seconds(1), layers: session.depthLimit - depth,
        of: session.depthLimit)
    }
    session.commitFull()
  }
}
