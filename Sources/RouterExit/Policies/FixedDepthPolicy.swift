/// Runs every token to the same depth: the static early exit that adaptive policies are compared with.
///
/// It measures nothing, so its decisions carry no confidence. A depth of L or more is full depth.
public struct FixedDepthPolicy: ExitPolicy, Equatable {
  public let name: String

  /// Layers to execute for every token.
  public let depth: Int

  public var exits: [Int] { [depth] }

  /// Creates a policy.
  ///
  /// - Throws: ``PolicyError`` if `depth` is not positive.
  public init(name: String? = nil, depth: Int) throws(PolicyError) {
    guard (1...PolicyValidation.maximumDepth).contains(depth) else {
      throw PolicyError(
        code: .invalidValue, what: "the depth is \(depth)", location: "$.depth",
        remedy: "Use a number of layers, 1 or more; `router inspect` lists the model's exits.")
    }
    self.name = try PolicyValidation.checkedName(name ?? "fixed")
    self.depth = depth
  }

  public var decidesTokensApart: Bool { true }

  public func makeDecider() -> any ExitDecider { FixedDepthDecider(depth: depth) }
}
