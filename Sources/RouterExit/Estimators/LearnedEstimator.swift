/// An estimator that was trained to look at the hidden state: one small network per exit, no head.
///
/// With h the residual stream `[D]` at the exit, r = sqrt(mean of h^2) and t the token's index within the
/// answer, its input is x = (h / r, ln r, 1 / (1 + t)) `[D + 2]`, and its confidence the logistic function of
/// - z = w x + b for a linear network (``Kind/probe``, ``Kind/entropyProbe``),
/// - z = v max(0, W x + c) + b for ``Kind/mlp``.
///
/// A value of this type is valid: every parameter is finite and every network has the right shape.
public struct LearnedEstimator: Sendable, Equatable {
  /// What the networks look like and what they were trained to say.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    /// Linear: the probability that this exit's most likely token is full depth's.
    case probe
    /// One hidden layer: the same probability.
    case mlp
    /// Linear: 1 - H / ln V of this exit's own distribution, a cheap twin of ``ExitEstimator/entropy``.
    case entropyProbe = "entropy-probe"
  }

  /// The network of one exit.
  public struct Network: Sendable, Equatable {
    /// Layers executed at the exit.
    public let depth: Int

    /// f32, finite, row-major; with D the model's width and U the number of hidden units:
    /// linear `[D + 3]` is w, b; with a hidden layer `[U (D + 3) + U + 1]` is U rows of W, c, then v, b.
    public let parameters: [Float]

    /// How well it did on prompts that took no part in its training; `nil` if that was not measured.
    public let quality: EstimatorQuality?

    /// Joins the parts of a network, which ``LearnedEstimator`` checks.
    public init(depth: Int, parameters: [Float], quality: EstimatorQuality? = nil) {
      self.depth = depth
      self.parameters = parameters
      self.quality = quality
    }
  }

  /// Hidden units at most, so that a decision stays far below the cost of a layer.
  public static let maximumUnits = 64

  /// Inputs besides the hidden state, ln r and 1 / (1 + t); then the bias.
  package static let extraInputs = 2

  /// What the networks look like and what they were trained to say.
  public let kind: Kind

  /// D, the width of the hidden states that the networks were trained on.
  public let width: Int

  /// U, the number of hidden units; 0 for a linear network.
  public let units: Int

  /// One network per exit, depths ascending.
  public let networks: [Network]

  /// Checks and keeps networks.
  ///
  /// - Throws: ``PolicyError`` if there is no network, depths do not ascend, a shape is wrong, or a parameter
  ///   is not finite.
  public init(kind: Kind, width: Int, units: Int = 0, networks: [Network]) throws(PolicyError) {
    let at = "$.estimator"
    guard (1...PolicyValidation.maximumWidth).contains(width) else {
      throw PolicyError(
        code: .invalidValue, what: "a hidden state of width \(width)", location: "\(at).width",
        remedy: "Use the model's width, at most \(PolicyValidation.maximumWidth).")
    }
    let allowed = kind == .mlp ? 1...Self.maximumUnits : 0...0
    guard allowed.contains(units) else {
      throw PolicyError(
        code: .invalidValue, what: "an estimator `\(kind.rawValue)` of \(units) hidden units",
        location: "\(at).units",
        remedy: kind == .mlp ? "Use 1 to \(Self.maximumUnits)." : "Leave units out: it is linear.")
    }
    try PolicyValidation.checkExits(networks.map(\.depth), at: "\(at).networks")
    let count = Self.parameterCount(width: width, units: units)
    for (index, network) in networks.enumerated() {
      guard network.parameters.count == count else {
        throw PolicyError(
          code: .invalidValue,
          what: "exit \(network.depth) has \(network.parameters.count) parameters, not \(count)",
          location: "\(at).networks[\(index)].parameters", remedy: "Recalibrate with `router calibrate`.")
      }
      guard network.parameters.allSatisfy(\.isFinite) else {
        throw PolicyError(
          code: .invalidValue, what: "a parameter of exit \(network.depth) is not finite",
          location: "\(at).networks[\(index)].parameters", remedy: "Recalibrate with `router calibrate`.")
      }
    }
    self.kind = kind
    self.width = width
    self.units = units
    self.networks = networks
  }

  /// How many parameters a network has.
  package static func parameterCount(width: Int, units: Int) -> Int {
    let row = width + extraInputs + 1
    return units == 0 ? row : units * row + units + 1
  }

  /// The same estimator with the networks of some exits only, so that a file holds no more than it uses.
  ///
  /// - Throws: ``PolicyError`` if there is none of them.
  public func restricted(to depths: [Int]) throws(PolicyError) -> LearnedEstimator {
    try LearnedEstimator(
      kind: kind, width: width, units: units, networks: networks.filter { depths.contains($0.depth) })
  }
}
