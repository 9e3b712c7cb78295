/// Exits once several consecutive exits agree on the most likely token (PABEE, arXiv 2006.04152).
///
/// Every question pays a full head. The confidence is the fraction of the patience that has been reached.
public struct PatiencePolicy: ExitPolicy, Equatable {
  public let name: String
  public let exits: [Int]

  /// k: how many consecutive exits must agree on the argmax, 2 or more.
  public let patience: Int

  /// Creates a policy.
  ///
  /// - Throws: ``PolicyError`` if `exits` is empty or not ascending from 1, or `patience` is not in
  ///   2...`exits.count`.
  public init(name: String? = nil, exits: [Int], patience: Int) throws(PolicyError) {
    try PolicyValidation.checkExits(exits)
    guard patience >= 2 && patience <= exits.count else {
      throw PolicyError(
        code: .invalidValue,
        what: "patience \(patience) cannot work with \(exits.count) exit\(exits.count == 1 ? "" : "s")",
        location: "$.patience",
        remedy: "Use at least two exits and a patience from 2 to their number.")
    }
    self.name = try PolicyValidation.checkedName(name ?? "patience")
    self.exits = exits
    self.patience = patience
  }

  public var decidesTokensApart: Bool { true }

  public func makeDecider() -> any ExitDecider { PatienceDecider(self) }
}

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
