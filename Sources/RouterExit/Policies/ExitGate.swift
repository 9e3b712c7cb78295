/// The first of two steps: what a hidden state must promise before the head is asked.
///
/// A question about logits costs a read of a head; a small network on the hidden state costs next to nothing, and knows
/// where the question would be in vain.
public struct ExitGate: Sendable, Equatable {
  /// Reads the hidden state.
  public let estimator: LearnedEstimator

  /// One threshold in 0...1 per exit of the policy, in their order: the head is asked at a confidence of at least this.
  /// `nil` asks always.
  public let thresholds: [Float?]

  /// Creates a gate.
  public init(estimator: LearnedEstimator, thresholds: [Float?]) {
    self.estimator = estimator
    self.thresholds = thresholds
  }

  /// Checks that there is a threshold or none for each exit, in range, and a network where one is needed.
  func check(exits: [Int]) throws(PolicyError) {
    try PolicyValidation.checkThresholds(thresholds, exitCount: exits.count, at: "$.gate.thresholds")
    try estimator.requireNetworks(
      for: zip(exits, thresholds).compactMap { $1 == nil ? nil : $0 }, at: "$.gate.estimator.networks")
  }
}

extension LearnedEstimator {
  /// Checks that there is a network for each of some exits.
  func requireNetworks(for exits: [Int], at location: String) throws(PolicyError) {
    for exit in exits where !networks.contains(where: { $0.depth == exit }) {
      throw PolicyError(
        code: .missingField, what: "the estimator has no network for exit \(exit)", location: location,
        remedy: "Add it, or set the exit's threshold to null; or recalibrate with `router calibrate`.")
    }
  }
}
