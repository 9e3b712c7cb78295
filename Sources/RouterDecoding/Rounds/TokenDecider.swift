import RouterCheckpoint
import RouterExit
import RouterModel

/// A policy's decision about one token, exit by exit.
struct TokenDecider {
  private var decider: (any ExitDecider)?
  /// f32 `[D]`: the state at the exit before.
  private var previous: [Float]
  private var hasPrevious = false
  private var index = 0
  /// What the policy measured last.
  private(set) var confidence: Float?

  /// - Parameter policy: nil to let no token go.
  init(policy: (any ExitPolicy)?, width: Int) {
    decider = policy?.makeDecider()
    previous = [Float](repeating: 0, count: width)
  }

  /// Starts a token.
  ///
  /// - Parameter index: 0-based, within the answer, of the token that is chosen then.
  mutating func begin(_ index: Int) {
    self.index = index
    (hasPrevious, confidence) = (false, nil)
    decider?.beginToken(index)
  }

  /// Whether the token leaves at the exit where its row in flight is.
  ///
  /// - Parameter logits: computes the logits of the row.
  mutating func leaves(_ session: InferenceSession, row: Int, logits: any ExitLogits) -> Bool {
    guard var decider else { return false }
    let hidden = session.hidden(row: row)
    let decision = previous.withUnsafeBufferPointer { previous in
      decider.decide(
        ExitObservation(
          depth: session.ledger.depths[row], layerCount: session.model.configuration.layerCount,
          tokenIndex: index, hidden: hidden, previousHidden: hasPrevious ? previous : nil, logits: logits))
    }
    self.decider = decider
    confidence = decision.confidence
    if decision.exits { return true }
    previous.withUnsafeMutableBufferPointer { _ = $0.update(fromContentsOf: hidden) }
    hasPrevious = true
    return false
  }
}
