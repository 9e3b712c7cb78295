/// The expected loss of a policy that was chosen without looking at it, with its confidence interval.
///
/// Unlike ``PolicyGuarantee`` it promises no level that was asked for beforehand: it says what came out.
public struct MeasuredRisk: Sendable, Equatable, Encodable {
  /// The loss per prompt, such as `disagreement`.
  public let metric: String

  /// Mean loss of the prompts, in 0...1.
  public let mean: Double

  /// Lower end of the interval that holds the expected loss.
  public let low: Double

  /// Upper end of it.
  public let high: Double

  /// The probability, over the draw of the prompts, that the interval holds the expected loss.
  public let confidence: Double

  /// How many prompts were run.
  public let prompts: Int

  /// Keeps a measurement.
  ///
  /// - Throws: ``PolicyError`` if a number is out of range or `low`, `mean` and `high` are not in this order.
  public init(
    metric: String, mean: Double, low: Double, high: Double, confidence: Double, prompts: Int
  ) throws(PolicyError) {
    let at = "$.measured.risk"
    try PolicyValidation.checkText(metric, "\(at).metric")
    for (value, name) in [(mean, "mean"), (low, "low"), (high, "high")] {
      try PolicyValidation.checkUnit(value, "\(at).\(name)")
    }
    try PolicyValidation.checkOpenUnit(confidence, "\(at).confidence")
    try PolicyValidation.checkPositive(prompts, "\(at).prompts")
    guard low <= mean, mean <= high else {
      throw PolicyError(
        code: .invalidValue, what: "\(low), \(mean) and \(high) are not in this order", location: at,
        remedy: "The mean lies within its interval: recalibrate with `router calibrate`.")
    }
    self.metric = metric
    self.mean = mean
    self.low = low
    self.high = high
    self.confidence = confidence
    self.prompts = prompts
  }
}
