/// Exits where the confidence of one estimator reaches the exit's threshold.
///
/// With a narrow head the last exit may be full depth itself: a token that leaves there is chosen by the narrow head, and
/// any other by the full one.
public struct ThresholdPolicy: ExitPolicy, Equatable {
  public let name: String
  public let exits: [Int]
  public let head: HeadWidth

  /// Measures the confidence.
  public let estimator: ExitEstimator

  /// One threshold in 0...1 per exit, in the order of `exits`: the token leaves at a confidence of at least
  /// this. `nil` never exits there, and nothing is measured.
  public let thresholds: [Float?]

  /// Decides where an estimator that reads logits is asked at all; `nil` asks it everywhere.
  public let gate: ExitGate?

  /// Raises the bar for early tokens; `nil` keeps the thresholds constant.
  public let decay: ThresholdDecay?

  /// Creates a policy.
  ///
  /// - Parameter head: answers questions about logits, and chooses the tokens that leave.
  /// - Throws: ``PolicyError`` if `exits` is empty or not ascending from 1, if the counts differ, or if a
  ///   threshold is NaN or outside 0...1, or a learned estimator has no network for an exit with a threshold; or if there
  ///   is a gate before an estimator that reads no logits.
  public init(
    name: String? = nil, estimator: ExitEstimator, exits: [Int], thresholds: [Float?],
    head: HeadWidth = .full, gate: ExitGate? = nil, decay: ThresholdDecay? = nil
  ) throws(PolicyError) {
    try PolicyValidation.checkExits(exits)
    try PolicyValidation.checkThresholds(thresholds, exitCount: exits.count)
    if case .learned(let learned) = estimator {
      try learned.requireNetworks(
        for: zip(exits, thresholds).compactMap { $1 == nil ? nil : $0 }, at: "$.estimator.networks")
    }
    guard gate == nil || estimator.reads == .logits else {
      throw PolicyError(
        code: .invalidValue,
        what: "there is a gate before the estimator `\(estimator.name)`, which asks no head",
        location: "$.gate", remedy: "Leave the gate out.")
    }
    try gate?.check(exits: exits)
    self.name = try PolicyValidation.checkedName(name ?? estimator.name)
    self.estimator = estimator
    self.exits = exits
    self.thresholds = thresholds
    self.head = head
    self.gate = gate
    self.decay = decay
  }

  public var decidesTokensApart: Bool { true }

  public func makeDecider() -> any ExitDecider { ThresholdDecider(self) }
}
