import RouterModel

extension LanguageModel {
  /// Whether any exit has an adapter between its state and the head.
  public var hasAdapters: Bool { !model.weights.adapters.isEmpty }

  /// The same model with exits read as they are, for comparisons: to a policy, another model.
  package func withoutAdapters() -> LanguageModel {
    var weights = model.weights
    weights.adapters = [:]
    return LanguageModel(
      model: LlamaModel(
        configuration: model.configuration, exits: model.exits, weights: weights,
        matmul: model.matmul, cacheElement: model.cacheElement),
      tokenizer: tokenizer, metadata: metadata,
      fingerprint: hasAdapters ? "\(fingerprint), without adapters" : fingerprint)
  }
}
