/// SentencePiece's BPE: the characters of the whole text are merged, the piece with the best score first.
///
/// The algorithm of `sentencepiece`'s `bpe_model.cc`: any two neighbours whose concatenation is a piece may merge.
struct SentencePieceEncoder: Sendable {
  /// How text becomes pieces' characters.
  struct Options: Sendable {
    /// Whether a space is put in front.
    let addSpacePrefix: TokenizerDefinition.SpacePrefix
    /// Whether spaces are trimmed and collapsed.
    let removeExtraWhitespaces: Bool
  }

  private let options: Options
  private let symbols: PieceSymbols
  private let fallback: Fallback
  private let userDefined: LiteralMatcher

  /// What stands for a character that is no piece.
  private enum Fallback: Sendable {
    /// For each byte its token.
    case bytes([TokenID])
    /// One token for a run of such characters.
    case unknown(TokenID)
  }

  /// Reads the pieces.
  ///
  /// - Throws: ``TokenizerError`` if pieces repeat, scores are missing or there is no way to write any character.
  init(
    _ definition: TokenizerDefinition, _ vocabulary: Vocabulary, scores: [Float], byteFallback: Bool,
    options: Options
  ) throws(TokenizerError) {
    self.options = options
    symbols = try PieceSymbols(definition.tokens, vocabulary.kinds, scores: scores)
    fallback = try Self.fallback(definition, vocabulary, byteFallback)
    userDefined = vocabulary.matcher(of: .userDefined)
  }

  /// Appends the tokens of a text; `isFirst` unless special tokens precede it.
  func encode(_ text: String, isFirst: Bool, into ids: inout [TokenID]) {
    let pieces = marked(text, isFirst: isFirst)
    for fragment in userDefined.split(pieces) {
      switch fragment {
      case .token(let id): ids.append(id)
      case .text(let text): encode(marked: text, into: &ids)
      }
    }
  }

  /// The text as pieces spell it, each space as U+2581.
  private func marked(_ text: String, isFirst: Bool) -> String {
    var marked: [UInt8] = []
    marked.reserveCapacity(text.utf8.count + text.utf8.count / 2)
    var spaces = 0
    func appendSpaces(_ count: Int) {
      for _ in 0..<count { marked += SpaceMark.utf8 }
    }
    for byte in text.utf8 {
      if byte == UInt8(ascii: " ") {
        spaces += 1
        continue
      }
      appendSpaces(!options.removeExtraWhitespaces ? spaces : marked.isEmpty ? 0 : min(spaces, 1))
      spaces = 0
      marked.append(byte)
    }
    if options.removeExtraWhitespaces {
      // The reference trims marks that were in the text, too.
      while marked.suffix(SpaceMark.utf8.count) == SpaceMark.utf8[...] {
        marked.removeLast(SpaceMark.utf8.count)
      }
    } else {
      appendSpaces(spaces)
    }

    let isPrefixed =
      switch options.addSpacePrefix {
      case .always: !marked.isEmpty
      case .first: !marked.isEmpty && isFirst
      case .never: false
      }
    return String(decoding: isPrefixed ? SpaceMark.utf8 + marked : marked, as: UTF8.self)
  }

  private func encode(marked text: String, into ids: inout [TokenID]) {
    var merger = PairMerger()
    for scalar in text.unicodeScalars {
      merger.append(symbol: symbols[scalar], length: UTF8.width(scalar))
    }
    merger.merge(symbols.merges)
    var text = text
    text.withUTF8 { bytes in
      var position = 0
      var followsUnknown = false
      merger.visitSymbols { symbol, length in
        switch (symbols.token(of: symbol), fallback) {
        case (let token?, _): ids.append(token)
        case (nil, .bytes(let tokens)): ids += bytes[position..<position + length].map { tokens[Int($0)] }
        case (nil, .unknown(let token)): if !followsUnknown { ids.append(token) }
        }
        followsUnknown = symbols.token(of: symbol) == nil
        position += length
      }
    }
  }

  private static func fallback(
    _ definition: TokenizerDefinition, _ vocabulary: Vocabulary, _ byteFallback: Bool
  ) throws(TokenizerError) -> Fallback {
    guard byteFallback else {
      if let unknown = definition.unknownToken { return .unknown(unknown) }
      throw TokenizerError(
        .invalidVocabulary, "without byte fallback the vocabulary needs an unknown token",
        location: "unknownToken", remedy: "Import the model again")
    }
    var tokens: [UInt8: TokenID] = [:]
    for (index, kind) in vocabulary.kinds.enumerated() where kind == .byte {
      if let byte = vocabulary[TokenID(index)]?.first { tokens[byte] = TokenID(index) }
    }
    let all = (UInt8.min...UInt8.max).compactMap { tokens[$0] }
    guard all.count == 256 else {
      throw TokenizerError(
        .invalidVocabulary, "byte fallback needs 256 byte tokens, there are \(all.count)",
        location: "tokenKinds",
        remedy: "Import the model again")
    }
    return .bytes(all)
  }
}
