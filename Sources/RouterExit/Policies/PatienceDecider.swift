/// Counts how long the argmax has stayed the same within the current token.
struct PatienceDecider: ExitDecider {
  private let policy: PatiencePolicy
  private var candidate: Int?
  private var run = 0

  init(_ policy: PatiencePolicy) { self.policy = policy }

  mutating func beginToken(_ tokenIndex: Int) {
    candidate = nil
    run = 0
  }

  mutating func decide(_ observation: borrowing ExitObservation) -> ExitDecision {
    let depth = observation.depth
    guard policy.exits.contains(depth) else { return .proceed(confidence: nil) }
    guard let argmax = SoftmaxStatistics.argmax(observation.logits) else {
      beginToken(observation.tokenIndex)
      return .proceed(confidence: 0)
    }
    run = argmax == candidate ? run + 1 : 1
    candidate = argmax
    let confidence = Float(min(run, policy.patience)) / Float(policy.patience)
    return run >= policy.patience ? .exit(confidence: confidence) : .proceed(confidence: confidence)
  }
}
