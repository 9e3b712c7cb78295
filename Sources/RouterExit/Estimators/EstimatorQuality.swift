/// How well a learned estimator did at one exit, on answers to prompts that took no part in its training.
public struct EstimatorQuality: Sendable, Equatable, Encodable {
  /// How many tokens were judged.
  public let tokens: Int

  /// The fraction of tokens at which the exit's most likely token is full depth's.
  public let agreement: Double

  /// The probability that a token where the exit agrees scores higher than one where it does not, ties half:
  /// the area under the receiver operating characteristic. 0.5 if there is no such pair.
  public let auc: Double

  /// Mean squared difference of confidence and target (Brier, 1950).
  public let brier: Double

  /// Expected calibration error: the mean over ten equally full bins of
  /// |mean confidence - mean target|, weighted by their tokens (Naeini et al., 2015, with equal masses).
  public let calibrationError: Double

  /// Keeps measurements.
  ///
  /// - Throws: ``PolicyError`` if the count is not positive or another number is outside 0...1.
  public init(
    tokens: Int, agreement: Double, auc: Double, brier: Double, calibrationError: Double
  ) throws(PolicyError) {
    let at = "$.estimator.networks.measured"
    try PolicyValidation.checkPositive(tokens, "\(at).tokens")
    try PolicyValidation.checkUnit(agreement, "\(at).agreement")
    try PolicyValidation.checkUnit(auc, "\(at).auc")
    try PolicyValidation.checkUnit(brier, "\(at).brier")
    try PolicyValidation.checkUnit(calibrationError, "\(at).calibrationError")
    self.tokens = tokens
    self.agreement = agreement
    self.auc = auc
    self.brier = brier
    self.calibrationError = calibrationError
  }
}
