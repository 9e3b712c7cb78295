/// Compares, exit by exit; remembers only the current token's decay.
struct ThresholdDecider: ExitDecider {
  private let policy: ThresholdPolicy
  private var supplement: Float?

  init(_ policy: ThresholdPolicy) {
    self.policy = policy
    supplement = policy.decay?.supplement(tokenIndex: 0)
  }

  mutating func beginToken(_ tokenIndex: Int) {
    supplement = policy.decay?.supplement(tokenIndex: tokenIndex)
  }

  mutating func decide(_ observation: borrowing ExitObservation) -> ExitDecision {
    let depth = observation.depth
    guard let index = policy.exits.firstIndex(of: depth), let lambda = policy.thresholds[index] else {
      return .proceed(confidence: nil)
    }
    let threshold = supplement.map { ThresholdDecay.threshold(lambda, supplement: $0) } ?? lambda
    let confidence = policy.estimator.confidence(of: observation)
    return confidence >= threshold ? .exit(confidence: confidence) : .proceed(confidence: confidence)
  }
}
