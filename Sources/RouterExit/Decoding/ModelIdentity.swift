/// A model as a policy sees it: whose weights they are and where tokens may leave.
public struct ModelIdentity: Sendable, Equatable {
  /// The model's name.
  public let name: String

  /// Identity of the weights, exit adapters included: what a policy is calibrated for.
  public let fingerprint: String

  /// L, layers of the whole model.
  public let layerCount: Int

  /// Layers that are loaded: L, or fewer of a sub-model.
  public let loadedLayerCount: Int

  /// Depths at which the whole model may answer, ascending, L among them or not.
  public let exits: [Int]

  /// How the model's keys and values are held.
  public let keyValueType: KeyValueType

  /// Whether the model has a narrow head.
  public let hasNarrowHead: Bool

  /// Describes a model.
  ///
  /// - Parameter loadedLayerCount: `nil` for all.
  public init(
    name: String, fingerprint: String, layerCount: Int, loadedLayerCount: Int? = nil, exits: [Int],
    keyValueType: KeyValueType = .f16, hasNarrowHead: Bool = false
  ) {
    self.name = name
    self.fingerprint = fingerprint
    self.layerCount = layerCount
    self.loadedLayerCount = loadedLayerCount ?? layerCount
    self.exits = exits
    self.keyValueType = keyValueType
    self.hasNarrowHead = hasNarrowHead
  }
}

extension ModelIdentity {
  /// Checks that every exit at which a policy would be asked is one of the model's.
  ///
  /// - Throws: ``PolicyError`` with code ``PolicyError/Code/exitMismatch``.
  package func requireExits(of policy: any ExitPolicy) throws(PolicyError) {
    try requireHead(of: policy)
    guard let unknown = policy.exits.first(where: { $0 < loadedLayerCount && !exits.contains($0) }) else {
      return
    }
    throw PolicyError(
      code: .exitMismatch,
      what: "policy `\(policy.name)` exits after layer \(unknown), which is no exit of \(name)",
      remedy: "Choose among \(exits.map(String.init).joined(separator: ", ")).")
  }
  /// Checks that the model has the head that a policy asks.
  ///
  /// - Throws: ``PolicyError`` with code ``PolicyError/Code/exitMismatch``.
  func requireHead(of policy: any ExitPolicy) throws(PolicyError) {
    guard policy.head == .narrow, !hasNarrowHead else { return }
    throw PolicyError(
      code: .exitMismatch, what: "policy `\(policy.name)` asks a narrow head, and \(name) has none",
      location: "$.head",
      remedy:
        "Give the model one with `router tune --narrow-head` and `router adapter merge`, or choose another policy."
    )
  }
}
