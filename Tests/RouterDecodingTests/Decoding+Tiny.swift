import RouterDecoding
import RouterExit
import RouterTestSupport

extension TinyLanguage {
  /// Who the tiny model is to a policy.
  static func identity(layers: Int = layerCount) -> ModelIdentity {
    ModelIdentity(
      name: "tiny", fingerprint: fingerprint, layerCount: layerCount, loadedLayerCount: layers,
      exits: Array(1...layerCount))
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
}
