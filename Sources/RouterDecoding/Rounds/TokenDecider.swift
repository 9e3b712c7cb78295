import RouterCheckpoint
import RouterExit
import RouterModel

/// A policy's decision about one token, exit by exit.
package struct TokenDecider {
  private var decider: (any ExitDecider)?
  /// f32 `[D]`: the state at the exit before.
  private var previous: [Float]
  private var hasPrevious = false
  private var index = 0
  /// What the policy measured last.
  package private(set) var confidence: Float?

  /// - Parameter policy: nil to let no token go.
  package init(policy: (any ExitPolicy)?, width: Int) {
    decider = policy?.makeDecider()
    previous = [Float](repeating: 0, count: width)
  }

  /// Starts a token.
  ///
  /// - Parameter index: 0-based, within the answer, of the token that is chosen then.
  package mutating func begin(_ index: Int) {
    self.index = index
    (hasPrevious, confidence) = (false, nil)
    decider?.beginToken(index)
  }

  /// Whether the token leaves at the exit where its row in flight is.
  ///
  /// - Parameter logits: computes the logits of the row.
  package mutating func leaves(_ session: InferenceSession, row: Int, logits: any ExitLogits) -> Bool {
    let hidden = session.hidden(row: row)
    let decision = previous.withUnsafeBufferPointer { previous in
      // In place: to copy a decider that does not fit into an existential's own words is to allocate.
      decider?.decide(
        ExitObservation(
          depth: session.ledger.depths[row], layerCount: session.model.configuration.layerCount,
          tokenIndex: index, hidden: hidden, previousHidden: hasPrevious ? previous : nil, logits: logits))
    }
    guard let decision else { return false }
    confidence = decision.confidence
    if decision.exits { return true }
    previous.withUnsafeMutableBufferPointer { _ = $0.update(fromContentsOf: hidden) }
    hasPrevious = true
    return false
  }
}
