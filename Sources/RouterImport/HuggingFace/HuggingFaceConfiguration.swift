import RouterCheckpoint

/// Resolves config.json, whose fields are nearly all optional, into a model configuration.
///
/// Defaults are those of transformers' configuration classes.
package enum HuggingFaceConfiguration {
  /// The configuration, and what the user should know about it.
  ///
  /// - Parameter weights: tell whether there is an output head if config.json does not.
  package static func resolve(
    _ config: JSONFields, _ architecture: Architecture, _ weights: HuggingFaceWeights
  ) throws(ImportError) -> (configuration: ModelConfiguration, warnings: [String]) {
    try refuseVariants(config)

    var warnings: [String] = []
    let width = try config.requiredWhole("hidden_size")
    let heads = try config.requiredWhole("num_attention_heads")
    guard width > 0, heads > 0 else {
      throw ImportError(
        .malformed, "\(heads) heads over a width of \(width)",
        at: .init(file: config.file, item: "num_attention_heads"), remedy: "Check config.json.")
    }
    let layers = try config.requiredWhole("num_hidden_layers")
    let keyValueHeads = try config.whole("num_key_value_heads") ?? heads
    let headWidth = try config.whole("head_dim") ?? width / heads
    let feedForward = try config.requiredWhole("intermediate_size")
    let vocabulary = try config.requiredWhole("vocab_size")
    let epsilon = try config.number("rms_norm_eps") ?? 1e-6
    let rotary = try HuggingFaceRotary.resolve(config)
    let attentionBias =
      switch architecture.traits.attentionBias {
      case .always: true
      case .setting: try config.bool("attention_bias") ?? false
      }

    var context = try config.requiredWhole("max_position_embeddings")
    if let window = try slidingWindow(config, architecture, layerCount: layers), window < context {
      context = window
      warnings.append(
        "The model attends to a sliding window; its context was limited to that window, \(window) tokens.")
    }
    let hasHead = weights.contains(TensorName.head)
    let tied = try config.bool("tie_word_embeddings")
    if tied == nil, !hasHead {
      warnings.append(
        "There is no output head, and config.json does not say why; the embedding serves as head.")
    }
    let configuration = try ImportError.rethrowing(file: config.file) { () throws(CheckpointError) in
      try ModelConfiguration(
        architecture: architecture, layerCount: layers, width: width, headCount: heads,
        keyValueHeadCount: keyValueHeads, headWidth: headWidth, feedForwardWidth: feedForward,
        vocabularySize: vocabulary, contextLength: context, normEpsilon: Float(epsilon), rotary: rotary,
        tiedHead: tied ?? !hasHead, attentionBias: attentionBias)
    }
    return (configuration, warnings)
  }

  /// The architecture, which must be one that `router` runs.
  package static func architecture(_ config: JSONFields) throws(ImportError) -> Architecture {
    guard let name = try config.string("model_type") else { throw config.missing("model_type") }
    guard let architecture = Architecture(rawValue: name) else {
      throw config.unsupported(
        "the architecture \(ImportError.quoted(name)) is not supported", "model_type",
        remedy: "Use a model of an architecture that router runs: \(Architecture.names).")
    }
    return architecture
  }

  private static func refuseVariants(_ config: JSONFields) throws(ImportError) {
    if config.contains("quantization_config") {
      throw config.unsupported(
        "the weights are quantised in a Hugging Face format", "quantization_config",
        remedy: "Import the unquantised model, or a GGUF file.")
    }
    let activation = try config.string("hidden_act") ?? "silu"
    guard activation == "silu" || activation == "swish" else {
      throw config.unsupported(
        "the activation \(ImportError.quoted(activation))", "hidden_act",
        remedy: "Use a model with SiLU (SwiGLU).")
    }
    if let fraction = try config.number("partial_rotary_factor"), fraction != 1 {
      throw config.unsupported(
        "rotary embedding covers only part of a head", "partial_rotary_factor",
        remedy: "Use a model with full rotary embedding.")
    }
  }

  /// The window that attention is limited to, if any layer has one.
  private static func slidingWindow(
    _ config: JSONFields, _ architecture: Architecture, layerCount: Int
  ) throws(ImportError) -> Int? {
    guard let window = try config.whole("sliding_window"), window > 0 else { return nil }
    if let layers = try config.array("layer_types") {
      return layers.contains(.string("sliding_attention")) ? window : nil
    }
    switch architecture.traits.slidingWindow {
    case .never: return nil
    case .allLayers: return window
    case .upperLayers:
      guard try config.bool("use_sliding_window") ?? false else { return nil }
      return try config.whole("max_window_layers") ?? 0 < layerCount ? window : nil
    }
  }
}
