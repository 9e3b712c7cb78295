import RouterCheckpoint

/// The tensors that a configuration needs, with their shapes.
struct TensorLayout: Sendable {
  /// What a tensor does, which decides how it may be encoded.
  enum Role: Sendable, Equatable {
    /// A vector that stays f32: a norm or a bias.
    case vector
    /// The token embedding or the output head, `[V, D]`.
    case vocabulary
    /// A projection within a layer.
    case projection
  }

  /// One tensor.
  struct Entry: Sendable, Equatable {
    let name: String
    let shape: [Int]
    let role: Role
    /// 0-based layer and part, nil for what all layers share.
    var part: (layer: Int, part: TensorName.LayerPart)?

    static func == (a: Entry, b: Entry) -> Bool { a.name == b.name && a.shape == b.shape && a.role == b.role }
  }

  /// All tensors in checkpoint order.
  let entries: [Entry]

  /// The layout of a LLaMA-family model.
  init(_ configuration: ModelConfiguration) {
    let (width, vocabulary) = (configuration.width, configuration.vocabularySize)
    var entries = [
      Entry(name: TensorName.embedding, shape: [vocabulary, width], role: .vocabulary),
      Entry(name: TensorName.finalNorm, shape: [width], role: .vector),
    ]
    if !configuration.tiedHead {
      entries.append(Entry(name: TensorName.head, shape: [vocabulary, width], role: .vocabulary))
    }
    for layer in 0..<configuration.layerCount {
      for part in TensorName.LayerPart.allCases where configuration.attentionBias || !part.isBias {
        entries.append(
          Entry(
            name: TensorName.layer(layer, part), shape: Self.shape(of: part, configuration),
            role: part.isMatrix ? .projection : .vector, part: (layer, part)))
      }
    }
    self.entries = entries
  }

  private static func shape(of part: TensorName.LayerPart, _ configuration: ModelConfiguration) -> [Int] {
    let width = configuration.width
    let queries = configuration.headCount * configuration.headWidth
    let keys = configuration.keyValueHeadCount * configuration.headWidth
    return switch part {
    case .inputNorm, .postAttentionNorm: [width]
    case .queryWeight: [queries, width]
    case .queryBias: [queries]
    case .keyWeight, .valueWeight: [keys, width]
    case .keyBias, .valueBias: [keys]
    case .outputWeight: [width, queries]
    case .gateWeight, .upWeight: [configuration.feedForwardWidth, width]
    case .downWeight: [width, configuration.feedForwardWidth]
    }
  }
}

extension TensorName.LayerPart {
  /// Whether this is a bias of the query, key or value projection.
  var isBias: Bool {
    switch self {
    case .queryBias, .keyBias, .valueBias: true
    default: false
    }
  }

  /// Whether this is a matrix.
  var isMatrix: Bool {
    switch self {
    case .inputNorm, .postAttentionNorm, .queryBias, .keyBias, .valueBias: false
    default: true
    }
  }

  /// Whether rows belong to heads that rotary embedding turns.
  var isRotated: Bool {
    switch self {
    case .queryWeight, .queryBias, .keyWeight, .keyBias: true
    default: false
    }
  }
}
