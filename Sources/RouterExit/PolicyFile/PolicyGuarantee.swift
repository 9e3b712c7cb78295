/// What calibration proved: with probability at least 1 - `delta` over the draw of the calibration prompts,
/// the expected loss of a new prompt from the same source is at most `risk`.
///
/// The loss is `metric`, in 0...1 per prompt, of a greedy, free-running answer of at most `maximumTokens`
/// tokens against full depth. It says nothing about prompts of another kind, other models or sampling.
public struct PolicyGuarantee: Sendable, Equatable {
  /// The loss per prompt, such as `disagreement`.
  public let metric: String

  /// The loss per prompt as one of those that this version knows; `nil` for another.
  public var lossMetric: LossMetric? { LossMetric(rawValue: metric) }

  /// The loss per prompt, if audits of a running server can measure it.
  package var auditableMetric: LossMetric? { lossMetric.flatMap { $0.isAuditable ? $0 : nil } }

  /// epsilon, the tolerated expected loss, above 0 and below 1.
  public let risk: Double

  /// The tolerated probability that the promise is wrong, above 0 and below 1.
  public let delta: Double

  /// n, the number of prompts that certified it.
  public let prompts: Int

  /// The test, such as `exact-binomial` or `hoeffding-bentkus`.
  public let method: String

  /// Upper confidence bound of the expected loss at level 1 - `delta`; at most `risk`.
  public let bound: Double

  /// Mean loss of the certifying prompts, at most `bound`.
  public let empiricalRisk: Double

  /// Mean loss of prompts that took no part in calibration; `nil` if none were held out.
  public let heldOutRisk: Double?

  /// Number of prompts behind `heldOutRisk`; present exactly when that is.
  public let heldOutPrompts: Int?

  /// The longest answer that was generated, in tokens.
  public let maximumTokens: Int

  /// Creates a guarantee.
  ///
  /// - Throws: ``PolicyError`` if a number is not finite or out of range, if `empiricalRisk` exceeds `bound`,
  ///   or if `bound` exceeds `risk`: then nothing was proved.
  public init(
    metric: String, risk: Double, delta: Double, prompts: Int, method: String, bound: Double,
    empiricalRisk: Double, heldOutRisk: Double? = nil, heldOutPrompts: Int? = nil, maximumTokens: Int
  ) throws(PolicyError) {
    let at = "$.guarantee"
    try PolicyValidation.checkText(metric, "\(at).metric")
    try PolicyValidation.checkText(method, "\(at).method")
    try PolicyValidation.checkOpenUnit(risk, "\(at).risk")
    try PolicyValidation.checkOpenUnit(delta, "\(at).delta")
    try PolicyValidation.checkUnit(bound, "\(at).bound")
    try PolicyValidation.checkUnit(empiricalRisk, "\(at).empiricalRisk")
    try PolicyValidation.checkPositive(prompts, "\(at).prompts")
    try PolicyValidation.checkPositive(maximumTokens, "\(at).maximumTokens")
    if let heldOutRisk { try PolicyValidation.checkUnit(heldOutRisk, "\(at).heldOutRisk") }
    if let heldOutPrompts { try PolicyValidation.checkPositive(heldOutPrompts, "\(at).heldOutPrompts") }
    guard (heldOutRisk == nil) == (heldOutPrompts == nil) else {
      throw PolicyError(
        code: .missingField, what: "heldOutRisk and heldOutPrompts belong together", location: at,
        remedy: "Give both, or set both to null.")
    }
    guard bound <= risk, empiricalRisk <= bound else {
      throw PolicyError(
        code: .invalidValue,
        what: "empirical risk \(empiricalRisk), bound \(bound) and risk \(risk) are not in this order",
        location: at,
        remedy: "A guarantee holds only if the bound is at most the risk; otherwise set guarantee to null.")
    }
    self.metric = metric
    self.risk = risk
    self.delta = delta
    self.prompts = prompts
    self.method = method
    self.bound = bound
    self.empiricalRisk = empiricalRisk
    self.heldOutRisk = heldOutRisk
    self.heldOutPrompts = heldOutPrompts
    self.maximumTokens = maximumTokens
  }
}
