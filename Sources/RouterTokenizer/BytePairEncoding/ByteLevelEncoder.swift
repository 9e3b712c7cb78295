/// Byte-level BPE: text is cut into words, and the bytes of each are merged by themselves.
struct ByteLevelEncoder: Sendable {
  private let preTokenizer: PreTokenizer
  /// For each byte its token; a byte without one is dropped, as the reference does.
  private let byteTokens: [TokenID?]
  private let merges: MergeTable
  /// Tokens by their bytes, where a word that is a token is taken whole; else empty.
  private let wholeWords: TokenLookup
  private let userDefined: LiteralMatcher

  /// Words longer than this are not remembered.
  private static let longestCachedWord = 64

  /// Reads the merge rules.
  ///
  /// - Throws: ``TokenizerError`` if ordinary tokens repeat or a rule names what is not a token.
  init(
    _ tokens: [String], _ vocabulary: Vocabulary, preTokenizer: PreTokenizer, merges rules: [String],
    ignoreMerges: Bool
  ) throws(TokenizerError) {
    let ids = try Self.tokensByText(tokens, vocabulary)
    self.preTokenizer = preTokenizer
    userDefined = vocabulary.matcher(of: .userDefined)
    byteTokens = ByteAlphabet.characters.map { ids[Array(String($0).utf8)] }
    merges = try Self.mergeTable(rules, ids, vocabulary)

    var wholeWords = TokenLookup(capacity: ignoreMerges ? ids.values.count : 0)
    if ignoreMerges {
      for id in ids.values where vocabulary.kinds[Int(id)] == .normal {
        _ = vocabulary.withBytes(of: id) { wholeWords.update(id, for: $0) }
      }
    }
    self.wholeWords = wholeWords
  }

  /// Appends the tokens of a text.
  func encode(_ text: String, into ids: inout [TokenID]) {
    for fragment in userDefined.split(text) {
      switch fragment {
      case .token(let id): ids.append(id)
      case .text(let text): encodeWords(text, into: &ids)
      }
    }
  }

  private func encodeWords(_ text: String, into ids: inout [TokenID]) {
    var text = text
    text.withUTF8 { bytes in
      var scanner = WordScanner(bytes, preTokenizer)
      var merger = PairMerger()
      var known: [Word: Range<Int>] = [:]
      while let range = scanner.next() {
        let word = Word(bytes: UnsafeBufferPointer(rebasing: bytes[range]))
        if let earlier = known[word] {
          for index in earlier { ids.append(ids[index]) }
          continue
        }
        let start = ids.count
        encode(word, &merger, into: &ids)
        if range.count <= Self.longestCachedWord { known[word] = start..<ids.count }
      }
    }
  }

  private func encode(_ word: Word, _ merger: inout PairMerger, into ids: inout [TokenID]) {
    if !wholeWords.isEmpty, let id = wholeWords[word.bytes] {
      ids.append(id)
      return
    }
    merger.removeAll()
    for byte in word.bytes {
      if let token = byteTokens[Int(byte)] { merger.append(symbol: token, length: 1) }
    }
    merger.merge(merges)
    merger.visitSymbols { symbol, _ in ids.append(symbol) }
  }

  /// A word as a key, valid while the text that it points into is.
  private struct Word: Hashable {
    let bytes: UnsafeBufferPointer<UInt8>

    static func == (left: Word, right: Word) -> Bool {
      left.bytes.elementsEqual(right.bytes)
    }

    func hash(into hasher: inout Hasher) {
      hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
    }
  }

  // MARK: Reading

  private static func tokensByText(
    _ tokens: [String], _ vocabulary: Vocabulary
  ) throws(TokenizerError) -> TokenLookup {
    var ids = TokenLookup(capacity: tokens.count)
    for (index, token) in tokens.enumerated() {
      var token = token
      guard let earlier = token.withUTF8({ ids.update(TokenID(index), for: $0) }) else { continue }
      guard vocabulary.kinds[Int(earlier)] == .normal, vocabulary.kinds[index] == .normal else {
        // Of a special token and an ordinary one with the same text, the ordinary one is made from text.
        if vocabulary.kinds[Int(earlier)] == .normal { _ = token.withUTF8 { ids.update(earlier, for: $0) } }
        continue
      }
      throw TokenizerError(
        .duplicateToken, "tokens \(earlier) and \(index) have the same text", location: "tokens",
        remedy: "Import the model again")
    }
    return ids
  }

  private static func mergeTable(
    _ rules: [String], _ ids: TokenLookup, _ vocabulary: Vocabulary
  ) throws(TokenizerError) -> MergeTable {
    var table = MergeTable(capacity: rules.count)
    var joined: [UInt8] = []
    for (rank, rule) in rules.enumerated() {
      var rule = rule
      guard let (left, right, product) = rule.withUTF8({ tokens(of: $0, ids, &joined) }) else {
        throw TokenizerError(
          .invalidMerge, "\"\(rule)\" doesn't make a token from two tokens", location: "merge \(rank)",
          remedy: "Import the model again")
      }
      guard !vocabulary.isSpecial(product) else {
        throw TokenizerError(
          .invalidMerge, "\"\(rule)\" makes a special token from text", location: "merge \(rank)",
          remedy: "Import the model again")
      }
      table.insert(.init(rank: Int32(rank), symbol: product), of: left, right)
    }
    return table
  }

  /// The two tokens of a rule "left right" and the one that they make; nil if any is none.
  private static func tokens(
    of rule: UnsafeBufferPointer<UInt8>, _ ids: TokenLookup, _ joined: inout [UInt8]
  ) -> (left: TokenID, right: TokenID, product: TokenID)? {
    let space = UInt8(ascii: " ")
    guard let middle = rule.firstIndex(of: space) else { return nil }
    let left = UnsafeBufferPointer(rebasing: rule[..<middle])
    let right = UnsafeBufferPointer(rebasing: rule[(middle + 1)...])
    guard !right.contains(space) else { return nil }
    joined.removeAll(keepingCapacity: true)
    joined.append(contentsOf: left)
    joined.append(contentsOf: right)
    guard let first = ids[left], let second = ids[right], let product = ids[joined] else { return nil }
    return (first, second, product)
  }
}
