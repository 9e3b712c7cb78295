/// What calibration measured on its own machine; a speed is no promise for another one.
public struct PolicyMeasurements: Sendable, Equatable {
  /// Mean number of layers executed per generated token.
  public let meanDepth: Double

  /// Generated tokens per second under the policy; `nil` if not measured.
  public let tokensPerSecond: Double?

  /// Generated tokens per second at full depth on the same prompts; `nil` if not measured.
  public let fullTokensPerSecond: Double?

  /// What one head costs, in layers of the model; `nil` if not measured.
  public let headCostInLayers: Double?

  /// The machine, in words; `nil` if not recorded.
  public let machine: String?

  /// What the policy costs in quality, for one that was chosen by what it costs in time; `nil` if not
  /// measured, or if the file's guarantee says it.
  public let risk: MeasuredRisk?

  /// Creates measurements.
  ///
  /// - Throws: ``PolicyError`` if a number is not finite, not positive, or a depth beyond any model's.
  public init(
    meanDepth: Double, tokensPerSecond: Double? = nil, fullTokensPerSecond: Double? = nil,
    headCostInLayers: Double? = nil, machine: String? = nil, risk: MeasuredRisk? = nil
  ) throws(PolicyError) {
    let at = "$.measured"
    try PolicyValidation.checkPositive(
      meanDepth, "\(at).meanDepth", maximum: Double(PolicyValidation.maximumDepth))
    if let tokensPerSecond { try PolicyValidation.checkPositive(tokensPerSecond, "\(at).tokensPerSecond") }
    if let fullTokensPerSecond {
      try PolicyValidation.checkPositive(fullTokensPerSecond, "\(at).fullTokensPerSecond")
    }
    if let headCostInLayers { try PolicyValidation.checkPositive(headCostInLayers, "\(at).headCostInLayers") }
    if let machine { try PolicyValidation.checkText(machine, "\(at).machine") }
    self.meanDepth = meanDepth
    self.tokensPerSecond = tokensPerSecond
    self.fullTokensPerSecond = fullTokensPerSecond
    self.headCostInLayers = headCostInLayers
    self.machine = machine
    self.risk = risk
  }
}
