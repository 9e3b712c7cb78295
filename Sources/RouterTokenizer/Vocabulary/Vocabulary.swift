/// The tokens: what each is and which bytes it stands for.
struct Vocabulary: Sendable {
  /// The role of each token, `[V]`; a user-defined or ordinary token with a part in the chat template, and a
  /// user-defined one that begins, ends or pads a sequence, counts as a control token, whatever the file says.
  let kinds: [TokenizerDefinition.TokenKind]
  /// Control and user-defined tokens by their literal text.
  private(set) var literals: [[UInt8]: TokenID] = [:]
  /// The bytes of all tokens, one after another.
  private var bytes: [UInt8] = []
  /// Where in `bytes` each token begins, `[V + 1]`.
  private var offsets: [Int] = [0]

  /// The longest special token in bytes: looking for one costs its length at each place of a text.
  private static let longestLiteral = 1024

  /// Reads the tokens of a definition.
  ///
  /// - Throws: ``TokenizerError`` if the arrays' lengths differ, an id lies outside, a byte token is not one, or a
  ///   special token is too long.
  init(_ definition: TokenizerDefinition) throws(TokenizerError) {
    try Self.checkCounts(definition)
    var kinds = definition.tokenKinds
    Self.protectSpecials(definition, &kinds)
    self.kinds = kinds
    offsets.reserveCapacity(kinds.count + 1)
    for (index, token) in definition.tokens.enumerated() {
      try append(token, kinds[index], definition.kind, index)
      offsets.append(bytes.count)
      switch kinds[index] {
      case .control, .userDefined, .unknown:
        guard token.utf8.count <= Self.longestLiteral else {
          throw TokenizerError(
            .invalidToken,
            "a special token of \(token.utf8.count) bytes is longer than \(Self.longestLiteral)",
            location: "token \(index)", remedy: "Import the model again")
        }
        literals[Array(token.utf8)] = literals[Array(token.utf8)] ?? TokenID(index)
      case .normal, .unused, .byte: break
      }
    }
  }

  /// V, the number of tokens.
  var count: Int { kinds.count }

  /// The bytes that a token stands for; nil if there is no such token.
  subscript(id: TokenID) -> ArraySlice<UInt8>? {
    guard kinds.indices.contains(Int(id)) else { return nil }
    return bytes[offsets[Int(id)]..<offsets[Int(id) + 1]]
  }

  /// Calls `body` with the bytes that a token, which must be there, stands for.
  func withBytes<Result>(of id: TokenID, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    bytes.withUnsafeBufferPointer {
      body(UnsafeBufferPointer(rebasing: $0[offsets[Int(id)]..<offsets[Int(id) + 1]]))
    }
  }

  /// The role of a token; nil if there is no such token.
  func kind(of id: TokenID) -> TokenizerDefinition.TokenKind? {
    kinds.indices.contains(Int(id)) ? kinds[Int(id)] : nil
  }

  /// Whether a token is a control or unknown token.
  func isSpecial(_ id: TokenID) -> Bool {
    switch kind(of: id) {
    case .control, .unknown: true
    case .normal, .userDefined, .unused, .byte, nil: false
    }
  }

  /// A matcher of the tokens of some kinds.
  func matcher(of wanted: TokenizerDefinition.TokenKind...) -> LiteralMatcher {
    LiteralMatcher(
      literals.filter { wanted.contains(kinds[Int($0.value)]) }.map { (bytes: $0.key, token: $0.value) })
  }

  // MARK: Reading

  private static func checkCounts(_ definition: TokenizerDefinition) throws(TokenizerError) {
    let count = definition.tokens.count
    guard count > 0, count < 1 << 24, count == definition.tokenKinds.count else {
      throw TokenizerError(
        .invalidVocabulary, "\(count) tokens with \(definition.tokenKinds.count) kinds are no vocabulary",
        location: "tokens", remedy: "Import the model again")
    }
    let named = [
      ("bosToken", definition.bosToken), ("eosToken", definition.eosToken),
      ("unknownToken", definition.unknownToken), ("padToken", definition.padToken),
    ]
    for (field, id) in named + definition.endOfGeneration.map({ ("endOfGeneration", $0) }) {
      guard let id, !(0..<count).contains(Int(id)) else { continue }
      throw TokenizerError(
        .tokenOutOfRange, "token \(id) is not one of the \(count) tokens", location: field,
        remedy: "Import the model again")
    }
  }

  private static func protectSpecials(
    _ definition: TokenizerDefinition, _ kinds: inout [TokenizerDefinition.TokenKind]
  ) {
    let named = [definition.bosToken, definition.eosToken, definition.padToken] + definition.endOfGeneration
    for id in named {
      if let id, kinds[Int(id)] == .userDefined { kinds[Int(id)] = .control }
    }
    guard let template = definition.chatTemplate else { return }
    let markers = Set(ChatTemplate(template).markers.map { Array($0.utf8) })
    // A dozen lengths at most: faster than a set, for every token of a vocabulary.
    let lengths = markers.map(\.count)
    for (index, token) in definition.tokens.enumerated()
    where lengths.contains(token.utf8.count) && markers.contains(Array(token.utf8)) {
      if kinds[index] == .normal || kinds[index] == .userDefined { kinds[index] = .control }
    }
  }

  /// Appends what a token stands for to `bytes`.
  private mutating func append(
    _ token: String, _ kind: TokenizerDefinition.TokenKind, _ model: TokenizerDefinition.Kind, _ index: Int
  ) throws(TokenizerError) {
    var token = token
    switch (kind, model) {
    case (.byte, _):
      guard let byte = Self.byte(named: token) else {
        throw TokenizerError(
          .invalidToken, "a byte token must be <0x00> ... <0xFF>", location: "token \(index)",
          remedy: "Import the model again")
      }
      bytes.append(byte)
    case (.normal, .byteLevelBPE), (.unused, .byteLevelBPE):
      token.withUTF8 { text in
        if !ByteAlphabet.append(text, to: &bytes) { bytes.append(contentsOf: text) }
      }
    case (.control, _), (.unknown, _), (.userDefined, .byteLevelBPE):
      token.withUTF8 { bytes.append(contentsOf: $0) }
    case (.normal, .sentencePieceBPE), (.unused, .sentencePieceBPE), (.userDefined, .sentencePieceBPE):
      bytes += SpaceMark.unescaped(token.utf8)
    }
  }

  /// The byte of `<0x00>`...`<0xFF>`.
  private static func byte(named token: String) -> UInt8? {
    let digits = token.dropFirst(3).dropLast()
    guard token.utf8.count == 6, token.hasPrefix("<0x"), token.hasSuffix(">"), digits.allSatisfy(\.isHexDigit)
    else {
      return nil
    }
    return UInt8(digits, radix: 16)
  }
}
