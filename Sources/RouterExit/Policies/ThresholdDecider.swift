/// Compares, exit by exit; remembers only the current token's decay, and what its gate has said.
struct ThresholdDecider: ExitDecider {
  private let policy: ThresholdPolicy
  private var supplement: Float?
  /// Where the gate was last asked about the current token, and whether it let the question pass.
  private var gated: (depth: Int, passes: Bool)?

  init(_ policy: ThresholdPolicy) {
    self.policy = policy
    supplement = policy.decay?.supplement(tokenIndex: 0)
  }

  mutating func beginToken(_ tokenIndex: Int) {
    supplement = policy.decay?.supplement(tokenIndex: tokenIndex)
    gated = nil
  }

  mutating func wantsLogits(_ observation: borrowing ExitObservation) -> Bool? {
    guard policy.estimator.reads == .logits,
      let index = policy.exits.firstIndex(of: observation.depth), policy.thresholds[index] != nil
    else { return false }
    return passesGate(observation, index)
  }

  mutating func decide(_ observation: borrowing ExitObservation) -> ExitDecision {
    let depth = observation.depth
    guard let index = policy.exits.firstIndex(of: depth), let lambda = policy.thresholds[index],
      passesGate(observation, index)
    else { return .proceed(confidence: nil) }
    let threshold = supplement.map { ThresholdDecay.threshold(lambda, supplement: $0) } ?? lambda
    let confidence = policy.estimator.confidence(of: observation)
    return confidence >= threshold ? .exit(confidence: confidence) : .proceed(confidence: confidence)
  }

  private mutating func passesGate(_ observation: borrowing ExitObservation, _ index: Int) -> Bool {
    guard let gate = policy.gate, let threshold = gate.thresholds[index] else { return true }
    if let gated, gated.depth == observation.depth { return gated.passes }
    let confidence = gate.estimator.confidence(
      depth: observation.depth, tokenIndex: observation.tokenIndex, hidden: observation.hidden)
    let passes = confidence >= threshold
    gated = (observation.depth, passes)
    return passes
  }
}
