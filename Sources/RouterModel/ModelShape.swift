import RouterCheckpoint

/// The dimensions of published models, without their weights.
package enum ModelShape: String, Sendable, CaseIterable {
  case smolLM2 = "smollm2-135m"
  case llama32 = "llama-3.2-1b"
  case llama2x7B = "llama-2-7b"
  case llama2x13B = "llama-2-13b"

  /// The configuration as published, or its first `layers` layers.
  ///
  /// - Throws: `CheckpointError` `invalidConfiguration` for fewer than one layer.
  package func configuration(layers: Int? = nil) throws(CheckpointError) -> ModelConfiguration {
    let d = dimensions
    return try ModelConfiguration(
      architecture: .llama, layerCount: layers ?? d.layers, width: d.width, headCount: d.heads,
      keyValueHeadCount: d.keyValueHeads, headWidth: d.width / d.heads, feedForwardWidth: d.inner,
      vocabularySize: d.vocabulary, contextLength: d.context, normEpsilon: 1e-5, rotary: rotary,
      tiedHead: d.tiedHead, attentionBias: false)
  }

  /// Layers of the published model.
  package var layerCount: Int { dimensions.layers }

  private struct Dimensions {
    let layers, width, heads, keyValueHeads, inner, vocabulary, context: Int
    let tiedHead: Bool
  }

  private var dimensions: Dimensions {
    switch self {
    case .smolLM2:
      Dimensions(
        layers: 30, width: 576, heads: 9, keyValueHeads: 3, inner: 1536, vocabulary: 49_152, context: 8192,
        tiedHead: true)
    case .llama32:
      Dimensions(
        layers: 16, width: 2048, heads: 32, keyValueHeads: 8, inner: 8192, vocabulary: 128_256,
        context: 131_072, tiedHead: true)
    case .llama2x7B:
      Dimensions(
        layers: 32, width: 4096, heads: 32, keyValueHeads: 32, inner: 11_008, vocabulary: 32_000,
        context: 4096, tiedHead: false)
    case .llama2x13B:
      Dimensions(
        layers: 40, width: 5120, heads: 40, keyValueHeads: 40, inner: 13_824, vocabulary: 32_000,
        context: 4096, tiedHead: false)
    }
  }

  private var rotary: RotaryEmbedding {
    switch self {
    case .smolLM2: RotaryEmbedding(base: 100_000)
    case .llama32:
      RotaryEmbedding(
        base: 500_000,
        scaling: .llama3(
          factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192))
    case .llama2x7B, .llama2x13B: RotaryEmbedding(base: 10_000)
    }
  }
}
