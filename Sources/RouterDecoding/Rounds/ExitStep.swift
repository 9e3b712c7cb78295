import RouterExit
import RouterModel

/// Runs one token through the layers, asking a policy at its exits how far.
///
/// It is the ``ExitLogits`` of its own observations: logits that a policy has asked for at the exit where the
/// token leaves are not computed again.
final class ExitStep: DecodingStep, ExitLogits {
  let head: HeadOutput
  let session: InferenceSession
  private var exitLoop: ExitLoop
  private let keyValues: KeyValueMode
  private let catchUpCosts: CatchUpCosts
  private let clock = ContinuousClock()

  /// - Parameters:
  ///   - catchUpCosts: what catching up has cost so far.
  ///   - demand: what chooses a token.
  init(
    session: InferenceSession, policy: (any ExitPolicy)?, keyValues: KeyValueMode = .propagate,
    catchUpCosts: CatchUpCosts = CatchUpCosts(), demand: LogitDemand = .all
  ) {
    self.session = session
    self.keyValues = keyValues
    self.catchUpCosts = catchUpCosts
    head = HeadOutput(session: session, demand: demand)
    exitLoop = ExitLoop(session: session, policy: policy)
  }

  var drafting: DraftingSummary? { nil }

  func logits() -> UnsafeBufferPointer<Float> { head.logits(row: session.rowCount - 1) }

  func prefill(_ tokens: ArraySlice<Int32>, isLast: Bool) throws(ModelError) {
    try runPrompt(tokens, isLast: isLast)
  }

  func run(_ token: Int32, index: Int) throws(ModelError) -> TokenExit {
    try session.append(CollectionOfOne(token))
    head.beginRound()
    let exit = exitLoop.run(index: index, logits: self)
    if exit.depth == session.depthLimit {
      head.conclude(row: session.rowCount - 1)
      session.commitFull()
      return exit
    }
    head.conclude(row: session.rowCount - 1)
    switch keyValues {
    case .propagate: session.propagateAndCommit()
    case .exact:
      if let time = exitLoop.firstTime {
        catchUpCosts.record(
          rows: 1, seconds: time.seconds, layers: time.layers, of: session.depthLimit)
      }
      if session.rowCount >= catchUpCosts.deferredRowLimit(of: session) { catchUp(from: exit.depth) }
    }
    return exit
  }

  /// Runs all tokens in flight, of which the last has run `depth` layers, through the others.
  private func catchUp(from depth: Int) {
    let isLevel = session.ledger.depths.allSatisfy { $0 == depth }
    let (rows, started) = (session.rowCount, clock.now)
    session.advance(to: session.depthLimit)
    if isLevel {
      catchUpCosts.record(
        rows: rows, seconds: (clock.now - started) / .seconds(1), layers: session.depthLimit - depth,
        of: session.depthLimit)
    }
    session.commitFull()
  }
}
