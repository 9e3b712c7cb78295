public import RouterExit

/// How a policy has done in audits, measured by its guarantee.
public struct AuditedPolicy: Sendable {
  /// What calibration proved; `nil` if nothing that audits can measure.
  public let guarantee: PolicyGuarantee?
  /// The audited answers' losses.
  public private(set) var losses: ConfidenceSequence
  /// Tokens that were audited.
  public private(set) var tokenCount = 0
  /// Whether the expected loss was once known to be above the guaranteed risk: it stays so until the policy is
  /// replaced.
  public private(set) var isBroken = false

  /// The loss that audits measure: the guarantee's, if they can.
  public let metric: LossMetric
  /// Confidence of the interval where no guarantee names one.
  private static let usualConfidence = 0.95

  /// Starts without audits.
  ///
  /// - Parameter guarantee: the policy's; one about a loss that audits cannot measure counts as none here.
  public init(guarantee: PolicyGuarantee?) {
    let metric = guarantee?.auditableMetric
    self.guarantee = metric == nil ? nil : guarantee
    self.metric = metric ?? .disagreement
    losses = ConfidenceSequence(confidence: self.guarantee.map { 1 - $0.delta } ?? Self.usualConfidence)
  }

  /// Takes an audited answer's loss in.
  ///
  /// - Parameters:
  ///   - loss: in 0...1, by ``metric``.
  ///   - tokens: tokens of the answer.
  /// - Returns: whether this was the one that broke the guarantee.
  public mutating func record(loss: Double, tokens: Int) -> Bool {
    losses.add(loss)
    tokenCount += tokens
    guard let guarantee, !isBroken, losses.exceeds(guarantee.risk) else { return false }
    isBroken = true
    return true
  }
}
