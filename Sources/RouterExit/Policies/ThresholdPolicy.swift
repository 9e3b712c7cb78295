/// Exits where the confidence of one estimator reaches the exit's threshold.
public struct ThresholdPolicy: ExitPolicy, Equatable {
  public let name: String
  public let exits: [Int]

  /// Measures the confidence.
  public let estimator: ExitEstimator

  /// One threshold in 0...1 per exit, in the order of `exits`: the token leaves at a confidence of at least
  /// this. `nil` never exits there, and nothing is measured.
  public let thresholds: [Float?]

  /// Raises the bar for early tokens; `nil` keeps the thresholds constant.
  public let decay: ThresholdDecay?

  /// Creates a policy.
  ///
  /// - Throws: ``PolicyError`` if `exits` is empty or not ascending from 1, if the counts differ, or if a
  ///   threshold is NaN or outside 0...1, or a learned estimator has no network for an exit with a threshold.
  public init(
    name: String? = nil, estimator: ExitEstimator, exits: [Int], thresholds: [Float?],
    decay: ThresholdDecay? = nil
  ) throws(PolicyError) {
    try PolicyValidation.checkExits(exits)
    try PolicyValidation.checkThresholds(thresholds, exitCount: exits.count)
    if case .learned(let learned) = estimator {
      for (exit, threshold) in zip(exits, thresholds) where threshold != nil {
        guard learned.networks.contains(where: { $0.depth == exit }) else {
          throw PolicyError(
            code: .missingField, what: "the estimator has no network for exit \(exit)",
            location: "$.estimator.networks",
            remedy: "Add it, or set the exit's threshold to null; or recalibrate with `router calibrate`.")
        }
      }
    }
    self.name = try PolicyValidation.checkedName(name ?? estimator.name)
    self.estimator = estimator
    self.exits = exits
    self.thresholds = thresholds
    self.decay = decay
  }

  public var decidesTokensApart: Bool { true }

  public func makeDecider() -> any ExitDecider { ThresholdDecider(self) }
}
