import RouterTokenizer

/// Tokens by id and by text, while a tokenizer is put together from several files.
package struct TokenTable {
  private(set) var tokens: [String?] = []
  private(set) var kinds: [TokenizerDefinition.TokenKind] = []
  private(set) var ids: [ExactString: TokenID] = [:]
  let file: String
  /// Ids from here on are attacks.
  private let limit: Int

  /// - Parameter vocabularySize: rows of the embedding; some models have a few added tokens beyond.
  package init(file: String, vocabularySize: Int) {
    self.file = file
    limit = vocabularySize + 65_536
  }

  /// The id of a token by its text.
  package func id(of text: String) -> TokenID? { ids[ExactString(text)] }

  /// Enters a token, or repeats one that is there with the same text and gives it another kind.
  ///
  /// - Throws: `ImportError` if the id is out of range or taken by another text.
  package mutating func set(_ id: Int, _ text: String, _ kind: TokenizerDefinition.TokenKind)
    throws(ImportError)
  {
    guard (0..<limit).contains(id) else {
      throw ImportError(
        .malformed, "token \(ImportError.quoted(text)) has the id \(id)", at: .init(file: file),
        remedy: "Check the file, or download it again.")
    }
    if id >= tokens.count {
      tokens += [String?](repeating: nil, count: id + 1 - tokens.count)
      kinds += [TokenizerDefinition.TokenKind](repeating: .unused, count: id + 1 - kinds.count)
    }
    if let present = tokens[id] {
      guard ExactString(present) == ExactString(text) else {
        throw ImportError(
          .inconsistent, "id \(id) is both \(ImportError.quoted(present)) and \(ImportError.quoted(text))",
          at: .init(file: file), remedy: "Use the tokenizer files of one model.")
      }
    }
    tokens[id] = text
    kinds[id] = kind
    ids[ExactString(text)] = TokenID(id)
  }

  /// Drops tokens with ids that the embedding has no rows for, if they were all added on top of the vocabulary.
  ///
  /// - Returns: the texts that were dropped.
  mutating func trim(to count: Int, vocabularyCount: Int) -> [String] {
    guard tokens.count > count, vocabularyCount <= count else { return [] }
    let dropped = tokens[count...].compactMap(\.self)
    for text in dropped { ids[ExactString(text)] = nil }
    tokens.removeLast(tokens.count - count)
    kinds.removeLast(kinds.count - count)
    return dropped
  }

  /// The tokens with holes filled by names that no text contains by accident.
  package var filled: [String] {
    tokens.enumerated().map { id, text in text ?? "[PAD\(id)]" }
  }
}
