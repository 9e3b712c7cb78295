/// What tells one family of models from another: everything that a further family has to say, its tokenizer aside.
package struct ArchitectureTraits: Sendable, Equatable {
  /// The name as people write it.
  package let title: String
  /// How llama.cpp's converter writes such models; nil if it writes them as those of another family.
  package let gguf: GGUFConvention?
  /// Whether the query, key and value projections have biases.
  package let attentionBias: AttentionBias
  /// Which layers attend to a window of recent positions.
  package let slidingWindow: SlidingWindow
  /// The tensors that each layer has, in file order; biases only where a configuration says so.
  package let layerParts: [LayerPart]

  /// How a family appears in GGUF files.
  package struct GGUFConvention: Sendable, Equatable {
    /// The value of `general.architecture`, which prefixes the keys of the model.
    package let name: String
    /// Whether rows of rotated tensors stand in ggml's interleaved order instead of rotate-half order.
    package let interleavesHeads: Bool
  }

  /// What decides whether the query, key and value projections have biases.
  package enum AttentionBias: Sendable, Equatable {
    /// They always have.
    case always
    /// The setting `attention_bias` says so.
    case setting
  }

  /// What decides which layers attend to a window, where no setting lists them.
  package enum SlidingWindow: Sendable, Equatable {
    /// None does.
    case never
    /// All do.
    case allLayers
    /// Those from `max_window_layers` on, if `use_sliding_window` says so.
    case upperLayers
  }
}

extension ArchitectureTraits {
  static let llama = ArchitectureTraits(
    title: "LLaMA", gguf: GGUFConvention(name: "llama", interleavesHeads: true), attentionBias: .setting,
    slidingWindow: .never, layerParts: LayerPart.allCases)

  /// In GGUF files such a model is a `llama`.
  static let mistral = ArchitectureTraits(
    title: "Mistral", gguf: nil, attentionBias: .setting, slidingWindow: .allLayers,
    layerParts: LayerPart.allCases)

  static let qwen2 = ArchitectureTraits(
    title: "Qwen2", gguf: GGUFConvention(name: "qwen2", interleavesHeads: false), attentionBias: .always,
    slidingWindow: .upperLayers, layerParts: LayerPart.allCases)
}
