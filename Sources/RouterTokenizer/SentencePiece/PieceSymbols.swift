/// The pieces of a SentencePiece vocabulary as symbols that merge.
///
/// Symbols below V are tokens. Above are the characters that occur only within pieces, and last one symbol for every
/// other character, which never merges.
struct PieceSymbols: Sendable {
  /// The merges of all pairs of symbols that make a piece.
  private(set) var merges: MergeTable
  /// Each character's symbol.
  private var characters: [Unicode.Scalar: Int32] = [:]
  /// V, the number of tokens.
  private let tokenCount: Int32
  /// The symbol of a character that occurs in no piece.
  private var unknownSymbol: Int32

  /// The longest piece in bytes: reading one costs its length squared.
  private static let longestPiece = 1024

  /// Reads pieces with a score each.
  ///
  /// - Throws: ``TokenizerError`` if pieces repeat, one is too long, or a score is missing or not finite.
  init(
    _ tokens: [String], _ kinds: [TokenizerDefinition.TokenKind], scores: [Float]
  ) throws(TokenizerError) {
    let pieces = try Self.piecesByText(tokens, kinds, scores)
    tokenCount = Int32(tokens.count)
    unknownSymbol = tokenCount
    merges = MergeTable(capacity: 4 * pieces.count)

    for text in pieces.keys {
      for scalar in String(decoding: text, as: UTF8.self).unicodeScalars where characters[scalar] == nil {
        if let token = pieces[Array(String(scalar).utf8)] {
          characters[scalar] = token
        } else {
          characters[scalar] = unknownSymbol
          unknownSymbol += 1
        }
      }
    }
    let ranks = Self.ranks(pieces.values.map { scores[Int($0)] })
    for (text, id) in pieces {
      guard let rank = ranks[scores[Int(id)]] else { continue }
      addMerges(of: text, product: .init(rank: rank, symbol: id), pieces)
    }
  }

  /// The symbol of a character.
  subscript(scalar: Unicode.Scalar) -> Int32 {
    characters[scalar] ?? unknownSymbol
  }

  /// The token of a symbol; nil for a character that is no piece.
  func token(of symbol: Int32) -> TokenID? {
    symbol < tokenCount ? symbol : nil
  }

  private mutating func addMerges(of text: [UInt8], product: MergeTable.Product, _ pieces: [[UInt8]: TokenID])
  {
    for split in text.indices.dropFirst() where text[split] & 0xC0 != 0x80 {
      guard let left = symbol(text[..<split], pieces), let right = symbol(text[split...], pieces) else {
        continue
      }
      merges.insert(product, of: left, right)
    }
  }

  /// The symbol of a part of a piece: another piece, or a single character.
  private func symbol(_ part: ArraySlice<UInt8>, _ pieces: [[UInt8]: TokenID]) -> Int32? {
    if let id = pieces[Array(part)] { return id }
    let scalars = String(decoding: part, as: UTF8.self).unicodeScalars
    guard scalars.count == 1, let scalar = scalars.first else { return nil }
    return characters[scalar]
  }

  /// Places in the order of merging: the highest score first, equal scores together.
  private static func ranks(_ scores: [Float]) -> [Float: Int32] {
    var ranks: [Float: Int32] = [:]
    for score in Set(scores).sorted(by: >) {
      ranks[score] = Int32(ranks.count)
    }
    return ranks
  }

  /// The pieces that text is made of.
  private static func piecesByText(
    _ tokens: [String], _ kinds: [TokenizerDefinition.TokenKind], _ scores: [Float]
  ) throws(TokenizerError) -> [[UInt8]: TokenID] {
    let remedy = "Import the model again"
    guard scores.count == tokens.count, scores.allSatisfy(\.isFinite) else {
      throw TokenizerError(
        .invalidVocabulary,
        "\(scores.count) scores, some perhaps infinite or no numbers, don't fit \(tokens.count) tokens",
        location: "scores", remedy: remedy)
    }
    var pieces: [[UInt8]: TokenID] = [:]
    for (index, token) in tokens.enumerated() where kinds[index] == .normal && !token.isEmpty {
      let text = Array(token.utf8)
      guard text.count <= longestPiece else {
        throw TokenizerError(
          .invalidToken, "a piece of \(text.count) bytes is longer than \(longestPiece)",
          location: "token \(index)", remedy: remedy)
      }
      if let earlier = pieces.updateValue(TokenID(index), forKey: text) {
        throw TokenizerError(
          .duplicateToken, "tokens \(earlier) and \(index) have the same text", location: "tokens",
          remedy: remedy)
      }
    }
    return pieces
  }
}
