import RouterDecoding
import RouterExit
import RouterTestSupport

extension TinyLanguage {
  /// Who the tiny model is to a policy.
  static func identity(layers: Int = layerCount, keyValueType: KeyValueType = .f16) -> ModelIdentity {
    ModelIdentity(
      name: "tiny", fingerprint: fingerprint, layerCount: layerCount, loadedLayerCount: layers,
      exits: Array(1...layerCount), keyValueType: keyValueType, hasNarrowHead: true)
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

  static let tinyWays = 14

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
    case 10: try .tiny(FixedDepthPolicy(depth: 3), .exact, draftsAhead: false)
    case 11:
      try .tiny(
        ThresholdPolicy(
          estimator: .entropy, exits: [1, 3, 4], thresholds: [0.5, 0.3, 0.2], head: .narrow,
          gate: gate([0.5, 0.4, nil])),
        .exact)
    case 12:
      try .tiny(
        ThresholdPolicy(
          estimator: .maximumProbability, exits: [2, 4], thresholds: [0.3, 0.1], head: .narrow), .propagate)
    default:
      // The hidden state decides, and the narrow head chooses.
      try .tiny(
        ThresholdPolicy(
          estimator: .saturation, exits: [1, 2, 3], thresholds: [0.9, 0.6, 0.5], head: .narrow), .exact)
    }
  }

  /// A gate before exits 1, 3 and 4 that lets about half of the questions pass.
  private static func gate(_ thresholds: [Float?]) throws -> ExitGate {
    let networks = [1, 3].map { depth in
      LearnedEstimator.Network(
        depth: depth, parameters: (0..<35).map { Float(($0 * (depth + 4)) % 11 - 5) / 4 })
    }
    return ExitGate(
      estimator: try LearnedEstimator(kind: .probe, width: 32, units: 0, networks: networks),
      thresholds: thresholds)
  }
}
