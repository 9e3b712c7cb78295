import RouterDecoding
import RouterExit
import RouterTestSupport

extension TinyLanguage {
  /// Who the tiny model is to a policy.
  static func identity(layers: Int = layerCount, keyValueType: KeyValueType = .f16) -> ModelIdentity {
    ModelIdentity(
      name: "tiny", fingerprint: fingerprint, layerCount: layerCount, loadedLayerCount: layers,
      exits: Array(1...layerCount), keyValueType: keyValueType)
  }
}

extension Decoding {
  /// The tiny model's exits under a policy.
  static func tiny(
    _ policy: any ExitPolicy, _ keyValues: KeyValueMode = .propagate, draftsAhead: Bool = true
  ) throws -> Decoding {
    var plan = try ExitPlan(policy, for: TinyLanguage.identity(), keyValues: keyValues)
    plan.draftsAhead = draftsAhead
    return .exit(plan)
  }

  static let tinyWays = 11

  /// Ways to decode of every kind: modes, policies, keys and values, drafts.
  ///
  /// - Parameters:
  ///   - way: 0 ..< ``tinyWays``.
  ///   - keyValueType: of the model that they are for.
  static func tiny(way: Int, _ keyValueType: KeyValueType) throws -> Decoding {
    let decoding = try tiny(way: way)
    guard case .exit(let plan) = decoding else { return decoding }
    var other = try ExitPlan(
      plan.policy, for: TinyLanguage.identity(keyValueType: keyValueType), keyValues: plan.keyValues)
    other.draftsAhead = plan.draftsAhead
    return .exit(other)
  }

  /// Ways to decode as above, for keys and values of f16.
  static func tiny(way: Int) throws -> Decoding {
    switch way {
    case 0: .full
    case 1: .verify()
    case 2: .verify(drafts: try FixedDepthPolicy(depth: 1))
    case 3: .verify(drafts: try ThresholdPolicy(estimator: .entropy, exits: [1, 2], thresholds: [0.4, 0.4]))
    case 4: try .tiny(FixedDepthPolicy(depth: 2), .propagate)
    case 5: try .tiny(FixedDepthPolicy(depth: 1), .exact)
    case 6:
      try .tiny(
        ThresholdPolicy(estimator: .saturation, exits: [1, 2, 3], thresholds: [0.9, 0.5, 0.6]), .exact)
    case 7:
      try .tiny(
        ThresholdPolicy(estimator: .maximumProbability, exits: [1, 3], thresholds: [0.5, 0.2]), .propagate)
    case 8: try .tiny(PatiencePolicy(exits: [1, 2, 3], patience: 2), .exact)
    case 9:
      try .tiny(
        ThresholdPolicy(estimator: .entropy, exits: [1, 2, 3], thresholds: [0.3, 0.3, 0.3]), .exact,
        draftsAhead: false)
    default: try .tiny(FixedDepthPolicy(depth: 3), .exact, draftsAhead: false)
    }
  }
}
