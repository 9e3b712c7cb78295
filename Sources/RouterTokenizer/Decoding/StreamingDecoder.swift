/// Gives text as tokens arrive, never half a character.
///
/// The texts that ``append(_:)`` and ``finish()`` give, joined, are what ``Tokenizer/decode(_:skippingSpecial:continuing:)``
/// gives for all tokens at once.
package struct StreamingDecoder: Sendable {
  private let vocabulary: Vocabulary
  private let skippingSpecial: Bool
  private var leadingSpace: LeadingSpace
  private var text = TextDecoder()

  /// What becomes of the space in front of the first piece.
  enum LeadingSpace: Sendable {
    /// It is kept.
    case kept
    /// One is dropped, as the encoder put it there.
    case droppedOnce
    /// All are dropped.
    case dropped
  }

  init(_ vocabulary: Vocabulary, skippingSpecial: Bool, leadingSpace: LeadingSpace) {
    self.vocabulary = vocabulary
    self.skippingSpecial = skippingSpecial
    self.leadingSpace = leadingSpace
  }

  /// The text that a token completes, perhaps none; an id out of range has none.
  package mutating func append(_ id: TokenID) -> String {
    guard var bytes = vocabulary[id], let kind = vocabulary.kind(of: id) else { return "" }
    if skippingSpecial, vocabulary.isSpecial(id) { return "" }
    if leadingSpace != .kept {
      let spaces = kind == .normal ? bytes.prefix { $0 == UInt8(ascii: " ") }.count : 0
      bytes = bytes.dropFirst(min(spaces, 1))
      if leadingSpace == .droppedOnce || !bytes.isEmpty { leadingSpace = .kept }
    }
    return text.append(bytes)
  }

  /// What is still held back, as U+FFFD: the tokens ended within a character.
  package mutating func finish() -> String {
    text.finish()
  }
}
