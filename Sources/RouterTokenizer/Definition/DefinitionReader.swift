/// Cuts the long lists out of the JSON of a tokenizer's definition and reads them.
///
/// It follows the text's brackets and keys just so far that it knows a list by its path. Whatever it does not cut goes
/// to ``rest`` as it is, for `JSONDecoder` to judge.
struct DefinitionReader {
  /// `tokens`
  private(set) var tokens: [String] = []
  /// `tokenKinds`
  private(set) var tokenKinds: [TokenizerDefinition.TokenKind] = []
  /// `kind.byteLevelBPE.merges`
  private(set) var merges: [String] = []
  /// `kind.sentencePieceBPE.scores`
  private(set) var scores: [Float] = []
  /// The text with those lists empty.
  private(set) var rest: [UInt8] = []

  private let text: UnsafeBufferPointer<UInt8>
  private var place = 0
  /// What lies in `rest` up to here.
  private var copied = 0
  /// The keys that lead to where the reader is; nil for an element of an array.
  private var path: [String?] = []
  private var found: Set<List> = []

  /// A list by its path.
  private enum List: String {
    case tokens
    case tokenKinds
    case merges = "kind.byteLevelBPE.merges"
    case scores = "kind.sentencePieceBPE.scores"
  }

  /// - Parameter text: well-formed UTF-8, there until the lists are cut.
  init(_ text: UnsafeBufferPointer<UInt8>) {
    self.text = text
  }

  /// Reads the lists.
  ///
  /// - Throws: ``TokenizerError`` with code `malformedDefinition` for a list that is wrong or there twice.
  mutating func cutLists() throws(TokenizerError) {
    var key: String?
    while place < text.count {
      switch text[place] {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        if text[place] == UInt8(ascii: "["), let list = list(key) {
          try cut(list)
        } else {
          path.append(key)
          place += 1
        }
        key = nil
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        _ = path.popLast()
        key = nil
        place += 1
      case UInt8(ascii: "\""):
        // In sound JSON only a key is followed by a colon.
        let string = try string()
        skipSpace()
        if place < text.count, text[place] == UInt8(ascii: ":") { key = string }
      case UInt8(ascii: ","):
        key = nil
        place += 1
      default: place += 1
      }
    }
    copy(upTo: text.count)
  }

  /// The list that an array would be under a key here.
  private func list(_ key: String?) -> List? {
    guard let key, 1...3 ~= path.count else { return nil }
    // The outermost object has no key.
    let keys = path.dropFirst().map { $0 ?? "" } + [key]
    return List(rawValue: keys.joined(separator: "."))
  }

  /// Reads the array that begins here and leaves an empty one in its place.
  private mutating func cut(_ list: List) throws(TokenizerError) {
    guard found.insert(list).inserted else { throw failure("\(list.rawValue) appears twice") }
    copy(upTo: place)
    rest += "[]".utf8
    switch list {
    case .tokens: tokens = try array { reader throws(TokenizerError) in try reader.string() }
    case .merges: merges = try array { reader throws(TokenizerError) in try reader.string() }
    case .tokenKinds: tokenKinds = try array { reader throws(TokenizerError) in try reader.tokenKind() }
    case .scores: scores = try array { reader throws(TokenizerError) in try reader.number() }
    }
    copied = place
  }

  private mutating func copy(upTo end: Int) {
    rest += text[copied..<end]
    copied = end
  }
}

// MARK: Values

extension DefinitionReader {
  private mutating func array<Element>(
    _ element: (inout DefinitionReader) throws(TokenizerError) -> Element
  ) throws(TokenizerError) -> [Element] {
    place += 1
    var elements: [Element] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return elements }
    while true {
      skipSpace()
      elements.append(try element(&self))
      skipSpace()
      if take(UInt8(ascii: ",")) { continue }
      guard take(UInt8(ascii: "]")) else { throw failure("a list lacks its end") }
      return elements
    }
  }

  /// A string, its quotation mark included.
  private mutating func string() throws(TokenizerError) -> String {
    guard take(UInt8(ascii: "\"")) else { throw failure("expected a string") }
    let start = place
    while place < text.count, text[place] != UInt8(ascii: "\""), text[place] != UInt8(ascii: "\\"),
      text[place] >= 0x20
    {
      place += 1
    }
    let plain = UnsafeBufferPointer(rebasing: text[start..<place])
    if take(UInt8(ascii: "\"")) { return String(decoding: plain, as: UTF8.self) }
    return try string(after: Array(plain))
  }

  /// The rest of a string that has escapes.
  private mutating func string(after beginning: [UInt8]) throws(TokenizerError) -> String {
    var bytes = beginning
    while place < text.count, text[place] >= 0x20 {
      let byte = text[place]
      place += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
      case UInt8(ascii: "\\"): try escape(into: &bytes)
      default: bytes.append(byte)
      }
    }
    throw failure("a string does not end")
  }

  private mutating func escape(into bytes: inout [UInt8]) throws(TokenizerError) {
    guard place < text.count else { throw failure("a string does not end") }
    let character = text[place]
    place += 1
    switch character {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(character)
    case UInt8(ascii: "b"): bytes.append(0x08)
    case UInt8(ascii: "f"): bytes.append(0x0C)
    case UInt8(ascii: "n"): bytes.append(0x0A)
    case UInt8(ascii: "r"): bytes.append(0x0D)
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "u"):
      var units = [try codeUnit()]
      if UTF16.isLeadSurrogate(units[0]), take(UInt8(ascii: "\\")) {
        guard take(UInt8(ascii: "u")) else { throw failure("an escape is half a surrogate pair") }
        units.append(try codeUnit())
      }
      guard let scalars = String(validating: units, as: UTF16.self) else {
        throw failure("an escape is half a surrogate pair")
      }
      bytes += scalars.utf8
    default: throw failure("an unknown escape")
    }
  }

  private mutating func codeUnit() throws(TokenizerError) -> UInt16 {
    guard text.count - place >= 4 else { throw failure("a string does not end") }
    var value: UInt16 = 0
    for _ in 0..<4 {
      guard text[place] < 0x80, let digit = Character(Unicode.Scalar(text[place])).hexDigitValue else {
        throw failure("an escape is not hexadecimal")
      }
      value = value << 4 | UInt16(digit)
      place += 1
    }
    return value
  }

  private mutating func tokenKind() throws(TokenizerError) -> TokenizerDefinition.TokenKind {
    // The kinds have one digit each.
    guard place < text.count, let value = digit(text[place]),
      let kind = TokenizerDefinition.TokenKind(rawValue: value)
    else { throw failure("expected the number of a token's kind") }
    place += 1
    return kind
  }

  /// A number, which the standard library reads once its form is JSON's: that knows others.
  private mutating func number() throws(TokenizerError) -> Float {
    let start = place
    _ = take(UInt8(ascii: "-"))
    if !take(UInt8(ascii: "0")) { try digits() }
    if take(UInt8(ascii: ".")) { try digits() }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      if !take(UInt8(ascii: "-")) { _ = take(UInt8(ascii: "+")) }
      try digits()
    }
    let digits = UnsafeBufferPointer(rebasing: text[start..<place])
    let isZero = !digits.prefix { $0 | 0x20 != UInt8(ascii: "e") }.contains {
      1...9 ~= $0 &- UInt8(ascii: "0")
    }
    guard let value = Float(String(decoding: digits, as: UTF8.self)), value.isFinite, (value == 0) == isZero
    else { throw failure("a number is too large or too small") }
    return value
  }

  /// One digit or more.
  private mutating func digits() throws(TokenizerError) {
    let start = place
    while place < text.count, digit(text[place]) != nil { place += 1 }
    guard place > start else { throw failure("expected a digit") }
  }

  private func digit(_ byte: UInt8) -> UInt8? {
    let value = byte &- UInt8(ascii: "0")
    return value < 10 ? value : nil
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard place < text.count, text[place] == byte else { return false }
    place += 1
    return true
  }

  private mutating func skipSpace() {
    while place < text.count, [0x20, 0x09, 0x0A, 0x0D].contains(text[place]) { place += 1 }
  }

  private func failure(_ what: String) -> TokenizerError {
    TokenizerError(
      .malformedDefinition, what, location: "byte \(place) of the tokenizer's JSON",
      remedy: "Obtain the checkpoint again, or import the model again")
  }
}
