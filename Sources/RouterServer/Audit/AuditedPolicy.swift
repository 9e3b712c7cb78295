import RouterCalibration
import RouterExit

/// How a policy has done in audits, measured by its promise.
package struct AuditedPolicy: Sendable {
  /// What calibration promised; `nil` if nothing that audits can measure.
  package let promise: PolicyGuarantee?
  /// The audited answers' losses.
  package private(set) var losses: ConfidenceSequence
  /// Tokens that were audited.
  package private(set) var tokenCount = 0
  /// Whether the expected loss was once known to be above the promised risk: it stays so until the policy is
  /// replaced.
  package private(set) var isBroken = false

  /// The loss that audits measure: the promise's, if they can.
  package let metric: LossMetric
  /// Confidence of the interval where no promise names one.
  private static let usualConfidence = 0.95

  /// Starts without audits.
  ///
  /// - Parameter guarantee: that of the policy's file; one about a loss that audits cannot measure is no promise
  ///   here.
  package init(guarantee: PolicyGuarantee?) {
    let promised = guarantee?.auditableMetric
    promise = promised == nil ? nil : guarantee
    metric = promised ?? .disagreement
    losses = ConfidenceSequence(confidence: promise.map { 1 - $0.delta } ?? Self.usualConfidence)
  }

  /// Takes an audited answer's loss in.
  ///
  /// - Returns: whether this was the one that broke the promise.
  package mutating func record(loss: Double, tokens: Int) -> Bool {
    losses.add(loss)
    tokenCount += tokens
    guard let promise, !isBroken, losses.exceeds(promise.risk) else { return false }
    isBroken = true
    return true
  }
}
