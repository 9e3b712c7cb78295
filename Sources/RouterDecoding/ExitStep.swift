import RouterExit
import RouterModel

/// Runs one token through the layers, asking a policy at its exits how far.
///
/// It is the ``ExitLogits`` of its own observations: logits that a policy has asked for at the exit where the
/// token leaves are not computed again.
final class ExitStep: DecodingStep, ExitLogits {
  let next: NextToken
  let session: InferenceSession
  private var walk: ExitWalk
  private let keyValues: KeyValueMode

  /// Rows that run through deeper layers together at about the cost of one: as many tokens may leave early
  /// before those layers make up for it.
  static let debtLimit = 8

  /// - Parameter demand: what chooses a token.
  init(
    session: InferenceSession, policy: (any ExitPolicy)?, keyValues: KeyValueMode = .propagate,
    demand: LogitDemand = .all
  ) {
    self.session = session
    self.keyValues = keyValues
    next = NextToken(session: session, demand: demand)
    walk = ExitWalk(session: session, policy: policy)
  }

  var verification: VerificationSummary? { nil }

  func logits() -> UnsafeBufferPointer<Float> { next.logits(row: session.rowCount - 1) }

  func prefill(_ tokens: ArraySlice<Int32>, isLast: Bool) throws(ModelError) {
    try runPrompt(tokens, isLast: isLast)
  }

  func run(_ token: Int32, index: Int) throws(ModelError) -> TokenRun {
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
      if session.rowCount >= min(Self.debtLimit, session.rowLimit, session.model.uniformRows) {
        session.advance(to: session.depthLimit)
        session.commitFull()
      }
    }
    return run
  }
}
