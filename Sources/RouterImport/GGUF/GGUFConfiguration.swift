import RouterCheckpoint

/// Resolves a GGUF file's metadata into a model configuration, refusing by name what cannot be run.
enum GGUFConfiguration {
  /// The configuration, and what the user should know about it.
  static func resolve(
    _ settings: GGUFSettings, _ gguf: GGUFFile
  ) throws(ImportError) -> (configuration: ModelConfiguration, warnings: [String]) {
    let architecture = try settings.architecture()
    try refuseVariants(settings)

    let width = try settings.requiredWhole(settings.key("embedding_length"))
    let heads = try settings.requiredWhole(settings.key("attention.head_count"))
    guard width > 0, heads > 0 else {
      throw ImportError(
        .malformed, "\(heads) heads over a width of \(width)",
        at: .init(file: settings.file, item: settings.key("attention.head_count")),
        remedy: ImportError.downloadAgain)
    }
    let keyWidth = try settings.whole(settings.key("attention.key_length")) ?? width / heads
    let valueWidth = try settings.whole(settings.key("attention.value_length")) ?? keyWidth
    guard keyWidth == valueWidth else {
      throw settings.unsupported(
        "key heads are \(keyWidth) wide and value heads \(valueWidth)",
        settings.key("attention.value_length"),
        remedy: "Use a model whose heads all have one width.")
    }
    let rotated = try settings.whole(settings.key("rope.dimension_count")) ?? keyWidth
    guard rotated == keyWidth else {
      throw settings.unsupported(
        "rotary embedding covers \(rotated) of \(keyWidth) elements of a head",
        settings.key("rope.dimension_count"),
        remedy: "Use a model with full rotary embedding.")
    }
    guard let epsilon = try settings.number(settings.key("attention.layer_norm_rms_epsilon")) else {
      throw settings.missing(settings.key("attention.layer_norm_rms_epsilon"))
    }
    guard let embedding = gguf.tensors["token_embd.weight"], embedding.shape.count == 2 else {
      throw ImportError(
        .missing, "the file has no embedding matrix",
        at: .init(file: settings.file, item: "token_embd.weight"),
        remedy: ImportError.downloadAgain)
    }

    var warnings: [String] = []
    var context = try settings.requiredWhole(settings.key("context_length"))
    if let window = try settings.whole(settings.key("attention.sliding_window")), window > 0, window < context
    {
      context = window
      warnings.append(
        "The model attends to a sliding window; its context was limited to that window, \(window) tokens.")
    }
    let layers = try settings.requiredWhole(settings.key("block_count"))
    let keyValueHeads = try settings.whole(settings.key("attention.head_count_kv")) ?? heads
    let feedForward = try settings.requiredWhole(settings.key("feed_forward_length"))
    let rotary = try GGUFRotary.resolve(settings, gguf, headWidth: keyWidth)
    let configuration = try ImportError.rethrowing(file: settings.file) { () throws(CheckpointError) in
      try ModelConfiguration(
        architecture: architecture, layerCount: layers, width: width, headCount: heads,
        keyValueHeadCount: keyValueHeads, headWidth: keyWidth, feedForwardWidth: feedForward,
        vocabularySize: embedding.shape[0], contextLength: context, normEpsilon: Float(epsilon),
        rotary: rotary,
        tiedHead: gguf.tensors["output.weight"] == nil,
        attentionBias: gguf.tensors["blk.0.attn_q.bias"] != nil)
    }
    return (configuration, warnings + unknownKeys(settings))
  }

  /// Refuses settings that change the computation.
  private static func refuseVariants(_ settings: GGUFSettings) throws(ImportError) {
    let experts = settings.key("expert_count")
    if let count = try settings.whole(experts), count > 0 {
      throw settings.unsupported(
        "a mixture of \(count) experts", experts,
        remedy: "Use a dense model: every layer with one feed-forward block.")
    }
    for suffix in ["attn_logit_softcapping", "final_logit_softcapping"] {
      if let cap = try settings.number(settings.key(suffix)), cap != 0 {
        throw settings.unsupported(
          "logits are soft-capped", settings.key(suffix), remedy: "Use a model without soft-capping.")
      }
    }
    for suffix in ["logit_scale", "residual_scale", "embedding_scale", "attention.scale"] {
      if let scale = try settings.number(settings.key(suffix)), scale != 0, scale != 1 {
        throw settings.unsupported(
          "the model scales its activations by \(scale)", settings.key(suffix),
          remedy: "Use a model of the plain LLaMA architecture.")
      }
    }
    if try settings.bool(settings.key("attention.causal")) == false {
      throw settings.unsupported(
        "attention is not causal", settings.key("attention.causal"),
        remedy: "Use a model that generates text.")
    }
    if let count = try settings.whole("split.count"), count > 1 {
      throw settings.unsupported(
        "the model is split over \(count) files", "split.count",
        remedy: "Join them first with llama-gguf-split --merge.")
    }
  }

  /// Warnings about settings of the architecture that this version does not know.
  private static func unknownKeys(_ settings: GGUFSettings) -> [String] {
    let known: Set<String> = [
      "attention.causal", "attention.head_count", "attention.head_count_kv", "attention.key_length",
      "attention.layer_norm_rms_epsilon", "attention.scale", "attention.sliding_window",
      "attention.value_length", "attn_logit_softcapping", "block_count", "context_length", "embedding_length",
      "embedding_scale", "expert_count", "expert_used_count", "feed_forward_length",
      "final_logit_softcapping",
      "logit_scale", "residual_scale", "rope.dimension_count", "rope.freq_base", "rope.scale_linear",
      "rope.scaling.attn_factor", "rope.scaling.factor", "rope.scaling.finetuned",
      "rope.scaling.original_context_length", "rope.scaling.type", "tensor_data_layout", "vocab_size",
    ]
    return settings.keys.filter {
      $0.hasPrefix(settings.prefix) && !known.contains(String($0.dropFirst(settings.prefix.count)))
    }
    .map { "The setting \(ImportError.quoted($0)) is unknown and was ignored." }
  }
}
