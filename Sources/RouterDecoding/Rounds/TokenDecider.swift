import RouterExit

/// A policy's decision about one token, exit by exit.
package struct TokenDecider {
  private var decider: (any ExitDecider)?
  /// f32 `[D]`: the state at the exit before.
  private var previous: [Float]
  private var hasPrevious = false
  private var index = 0

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
    hasPrevious = false
    decider?.beginToken(index)
  }

  /// Whether the policy is going to read logits at an exit; nil if it cannot tell.
  package mutating func wantsLogits(
    depth: Int, layerCount: Int, hidden: UnsafeBufferPointer<Float>, logits: any ExitLogits
  ) -> Bool? {
    previous.withUnsafeBufferPointer { previous in
      decider?.wantsLogits(
        ExitObservation(
          depth: depth, layerCount: layerCount, tokenIndex: index, hidden: hidden,
          previousHidden: hasPrevious ? previous : nil, logits: logits)) ?? nil
    }
  }

  /// Whether the token leaves at an exit, and what the policy measured.
  ///
  /// - Parameters:
  ///   - depth: layers that it has run, of the model's `layerCount`.
  ///   - hidden: f32 `[D]`, its residual stream.
  ///   - logits: computes its logits.
  package mutating func decide(
    depth: Int, layerCount: Int, hidden: UnsafeBufferPointer<Float>, logits: any ExitLogits
  ) -> (leaves: Bool, confidence: Float?) {
    let decision = previous.withUnsafeBufferPointer { previous in
      // In place: to copy a decider that does not fit into an existential's own words is to allocate.
      decider?.decide(
        ExitObservation(
          depth: depth, layerCount: layerCount, tokenIndex: index, hidden: hidden,
          previousHidden: hasPrevious ? previous : nil, logits: logits))
    }
    guard let decision else { return (false, nil) }
    if !decision.exits {
      previous.withUnsafeMutableBufferPointer { _ = $0.update(fromContentsOf: hidden) }
      hasPrevious = true
    }
    return (decision.exits, decision.confidence)
  }
}
