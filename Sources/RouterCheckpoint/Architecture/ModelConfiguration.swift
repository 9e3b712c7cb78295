/// The dimensions and settings of a LLaMA-family model, checked: a value of this type can be run.
public struct ModelConfiguration: Sendable, Equatable {
  /// The family that the model belongs to.
  public let architecture: Architecture
  /// Number of layers, L.
  public let layerCount: Int
  /// Model width, D.
  public let width: Int
  /// Number of query heads, H.
  public let headCount: Int
  /// Number of key/value heads, G; divides H.
  public let keyValueHeadCount: Int
  /// Width of one head, K; even. H x K need not equal D.
  public let headWidth: Int
  /// Feed-forward width, F.
  public let feedForwardWidth: Int
  /// Number of tokens in the vocabulary, V.
  public let vocabularySize: Int
  /// Positions that the model was trained for.
  public let contextLength: Int
  /// Epsilon inside the root of every RMSNorm.
  public let normEpsilon: Float
  /// Rotary position embedding.
  public let rotary: RotaryEmbedding
  /// Whether the output head is the embedding matrix.
  public let tiedHead: Bool
  /// Whether the query, key and value projections have biases.
  public let attentionBias: Bool

  /// Creates a configuration.
  ///
  /// - Throws: ``CheckpointError`` with code `invalidConfiguration` if a value is out of range or two
  ///   contradict each other.
  package init(
    architecture: Architecture, layerCount: Int, width: Int, headCount: Int, keyValueHeadCount: Int,
    headWidth: Int, feedForwardWidth: Int, vocabularySize: Int, contextLength: Int, normEpsilon: Float,
    rotary: RotaryEmbedding, tiedHead: Bool, attentionBias: Bool
  ) throws(CheckpointError) {
    self.architecture = architecture
    self.layerCount = layerCount
    self.width = width
    self.headCount = headCount
    self.keyValueHeadCount = keyValueHeadCount
    self.headWidth = headWidth
    self.feedForwardWidth = feedForwardWidth
    self.vocabularySize = vocabularySize
    self.contextLength = contextLength
    self.normEpsilon = normEpsilon
    self.rotary = rotary
    self.tiedHead = tiedHead
    self.attentionBias = attentionBias
    try validate()
  }
}

extension ModelConfiguration {
  private func validate() throws(CheckpointError) {
    // Limits several times beyond any published model, which keep every product of dimensions from overflow.
    let dimensions = [
      ("layer count", layerCount, 1 << 10),
      ("width", width, 1 << 17),
      ("head count", headCount, 1 << 12),
      ("key/value head count", keyValueHeadCount, 1 << 12),
      ("head width", headWidth, 1 << 12),
      ("feed-forward width", feedForwardWidth, 1 << 20),
      ("vocabulary size", vocabularySize, 1 << 22),
      ("context length", contextLength, 1 << 27),
    ]
    for (name, value, limit) in dimensions where !(1...limit).contains(value) {
      throw Self.invalid("the \(name) is \(value), which is outside 1...\(limit)")
    }
    guard headCount.isMultiple(of: keyValueHeadCount) else {
      throw Self.invalid(
        "\(headCount) query heads cannot share \(keyValueHeadCount) key/value heads evenly")
    }
    guard headWidth.isMultiple(of: 2) else {
      throw Self.invalid("the head width \(headWidth) is odd, so rotary pairs do not fit")
    }
    guard normEpsilon.isFinite, normEpsilon > 0, normEpsilon < 1 else {
      throw Self.invalid("the norm epsilon is \(normEpsilon), which is outside 0..<1")
    }
    guard rotary.base.isFinite, rotary.base > 1 else {
      throw Self.invalid("the rotary base is \(rotary.base), which is not above 1")
    }
    try validateScaling()
  }

  private func validateScaling() throws(CheckpointError) {
    func check(_ factor: Double) throws(CheckpointError) {
      guard factor.isFinite, factor > 0 else {
        throw Self.invalid("a rotary scaling factor is \(factor), which is not above 0")
      }
    }
    switch rotary.scaling {
    case .none: break
    case .linear(let factor): try check(factor)
    case .llama3(let factor, let low, let high, let original):
      for value in [factor, low, high] { try check(value) }
      guard low < high else {
        throw Self.invalid("the low-frequency factor \(low) is not below the high-frequency factor \(high)")
      }
      guard (1...(1 << 27)).contains(original) else {
        throw Self.invalid("the original context length is \(original), which is outside 1...\(1 << 27)")
      }
    }
  }

  /// The error for values that cannot be run.
  static func invalid(_ what: String) -> CheckpointError {
    CheckpointError(
      .invalidConfiguration, what,
      remedy: "Use a LLaMA-family model (\(Architecture.names)) with valid dimensions.")
  }
}

extension ModelConfiguration: Codable {
  private enum CodingKeys: String, CodingKey {
    case architecture = "family"
    case layerCount = "layer_count"
    case width
    case headCount = "head_count"
    case keyValueHeadCount = "key_value_head_count"
    case headWidth = "head_width"
    case feedForwardWidth = "feed_forward_width"
    case vocabularySize = "vocabulary_size"
    case contextLength = "context_length"
    case normEpsilon = "norm_epsilon"
    case rotary
    case tiedHead = "tied_head"
    case attentionBias = "attention_bias"
  }

  /// Decodes and checks a configuration.
  ///
  /// - Throws: `DecodingError` for a missing or mistyped value, ``CheckpointError`` for an invalid one.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func integer(_ key: CodingKeys) throws -> Int { try values.decode(Int.self, forKey: key) }
    try self.init(
      architecture: values.decode(Architecture.self, forKey: .architecture),
      layerCount: integer(.layerCount), width: integer(.width), headCount: integer(.headCount),
      keyValueHeadCount: integer(.keyValueHeadCount), headWidth: integer(.headWidth),
      feedForwardWidth: integer(.feedForwardWidth), vocabularySize: integer(.vocabularySize),
      contextLength: integer(.contextLength),
      normEpsilon: values.decode(Float.self, forKey: .normEpsilon),
      rotary: values.decode(RotaryEmbedding.self, forKey: .rotary),
      tiedHead: values.decode(Bool.self, forKey: .tiedHead),
      attentionBias: values.decode(Bool.self, forKey: .attentionBias))
  }
}
