import RouterCheckpoint
public import RouterExit

extension LanguageModel {
  /// What a policy is checked against.
  public var identity: ModelIdentity {
    ModelIdentity(
      name: name, fingerprint: fingerprint, layerCount: metadata.configuration.layerCount,
      loadedLayerCount: layerCount, exits: metadata.exits, keyValueType: keyValueType,
      hasNarrowHead: hasNarrowHead)
  }

  /// What may be asked of the model.
  public var limits: GenerationLimits { GenerationLimits(contextLength: contextLength, exits: exits) }
}

extension ExitPlan {
  /// A plan from a calibrated policy, with its keys and values unless others are asked for.
  ///
  /// - Throws: `PolicyError` if the policy does not fit the model.
  public init(
    _ file: PolicyFile, for model: LanguageModel, keyValues: KeyValueMode? = nil,
    mismatch: Mismatch = .refused
  ) throws(PolicyError) {
    try self.init(file, for: model.identity, keyValues: keyValues, mismatch: mismatch)
  }

  /// A plan from a policy in code, of which nothing has been proved.
  ///
  /// - Throws: `PolicyError` if the model lacks an exit of the policy.
  public init(
    _ policy: any ExitPolicy, for model: LanguageModel, keyValues: KeyValueMode = .exact
  ) throws(PolicyError) {
    try self.init(policy, for: model.identity, keyValues: keyValues)
  }
}
