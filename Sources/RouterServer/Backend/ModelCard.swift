import RouterDecoding

/// What the server tells clients about the model behind it, and what it checks requests against.
package struct ModelCard: Sendable, Equatable {
  /// The name that requests use.
  package let name: String
  /// Hash that identifies the weights, sent as `system_fingerprint`.
  package let fingerprint: String
  /// When the model was made available, seconds since 1970.
  package let created: Int
  /// Number of layers, L.
  package let layerCount: Int
  /// Positions that prompt and answer share, and depths at which the model can answer.
  package let limits: GenerationLimits
  /// Number of tokens, V; prompt token ids lie in `0..<vocabularySize`.
  package let vocabularySize: Int
  /// Whether the model knows how to render a conversation.
  package let hasChatTemplate: Bool
  /// Texts at which an answer in a conversation ends although they are no tokens of the vocabulary.
  package let chatStopStrings: [String]

  /// Makes a card.
  package init(
    name: String, fingerprint: String, created: Int, layerCount: Int, limits: GenerationLimits,
    vocabularySize: Int, hasChatTemplate: Bool, chatStopStrings: [String] = []
  ) {
    self.name = name
    self.fingerprint = fingerprint
    self.created = created
    self.layerCount = layerCount
    self.limits = limits
    self.vocabularySize = vocabularySize
    self.hasChatTemplate = hasChatTemplate
    self.chatStopStrings = chatStopStrings
  }
}
