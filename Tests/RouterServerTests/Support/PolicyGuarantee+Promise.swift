import RouterExit

extension PolicyGuarantee {
  /// At most `risk`, wrong with a probability of .05.
  static func promise(
    risk: Double, metric: String = "disagreement", maximumTokens: Int = 48
  ) throws -> PolicyGuarantee {
    try PolicyGuarantee(
      metric: metric, risk: risk, delta: 0.05, prompts: 160, method: "hoeffding-bentkus", bound: risk,
      empiricalRisk: risk / 2, maximumTokens: maximumTokens)
  }
}
