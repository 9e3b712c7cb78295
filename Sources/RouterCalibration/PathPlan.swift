/// A path of thresholds from conservative to aggressive, and the exits that it uses.
package struct PathPlan: Sendable, Equatable, Codable {
  /// One point of the path: a global threshold for all exits of the plan.
  package struct Point: Sendable, Equatable, Codable {
    /// lambda, the confidence at which a token leaves, in 0...1.
    package let threshold: Float
    /// Mean loss of the pilot prompts under the planner's proxy.
    package let pilotRisk: Double
    /// Mean layers executed per pilot token.
    package let pilotMeanDepth: Double
    /// Mean cost per pilot token in layers, heads included.
    package let pilotCost: Double
  }

  /// What one exit is worth.
  package struct Payoff: Sendable, Equatable, Codable {
    /// The depth.
    package let exit: Int
    /// Whether the plan uses it.
    package let isKept: Bool
    /// The fraction of pilot tokens that leave there with the other kept exits in place.
    package let exitShare: Double
    /// Layers saved per pilot token by having this exit beside the other kept ones, its heads paid.
    package let savedLayers: Double
  }

  /// The depths at which the policy asks, ascending; empty if no exit pays.
  package let exits: [Int]

  /// The points, thresholds falling; empty exactly if `exits` is.
  package let points: [Point]

  /// What each exit of the pilot is worth, ascending.
  package let payoffs: [Payoff]

  /// Cost per token at full depth, in layers: L and one head.
  package let fullCost: Double

  /// One threshold per exit for a point: the global one.
  package func thresholds(at point: Int) -> [Float?] {
    exits.map { _ in points[point].threshold }
  }
}
