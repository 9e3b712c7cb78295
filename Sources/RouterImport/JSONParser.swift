/// A JSON reader (RFC 8259) with a bound on depth, whose errors say at which byte the document is wrong.
package struct JSONParser {
  /// Nesting beyond this is an attack, not a model.
  static let maximumDepth = 64

  private let bytes: UnsafeBufferPointer<UInt8>
  private let file: String
  private var position = 0

  private init(_ bytes: UnsafeBufferPointer<UInt8>, file: String) {
    self.bytes = bytes
    self.file = file
  }

  /// Parses a whole document.
  ///
  /// - Parameter file: name that errors show.
  /// - Throws: `ImportError` naming the offset of the first wrong byte.
  package static func parse(_ document: [UInt8], file: String) throws(ImportError) -> JSONValue {
    try document.withUnsafeBufferPointer { bytes throws(ImportError) in
      var parser = JSONParser(bytes, file: file)
      return try parser.document()
    }
  }

  private mutating func document() throws(ImportError) -> JSONValue {
    // A byte order mark is not JSON, but editors write it.
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    let root = try value(depth: 0)
    skipSpace()
    guard position == bytes.count else { throw wrong("text follows the JSON document") }
    return root
  }

  private mutating func value(depth: Int) throws(ImportError) -> JSONValue {
    guard depth < Self.maximumDepth else {
      throw wrong("JSON is nested deeper than \(Self.maximumDepth) levels")
    }
    skipSpace()
    guard let byte = peek else { throw wrong("the JSON document ends early", code: .truncated) }
    switch byte {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw wrong("a JSON value was expected")
    }
  }

  private mutating func object(depth: Int) throws(ImportError) -> JSONValue {
    position += 1
    var members: [JSONValue.Member] = []
    skipSpace()
    if take("}") { return .object(members) }
    while true {
      skipSpace()
      guard peek == UInt8(ascii: "\"") else { throw wrong("a JSON object key was expected") }
      let key = try string()
      skipSpace()
      guard take(":") else { throw wrong("a colon was expected after a JSON key") }
      members.append(.init(key: key, value: try value(depth: depth + 1)))
      skipSpace()
      if take("}") { return .object(members) }
      guard take(",") else { throw wrong("a comma or } was expected in a JSON object") }
    }
  }

  private mutating func array(depth: Int) throws(ImportError) -> JSONValue {
    position += 1
    var elements: [JSONValue] = []
    skipSpace()
    if take("]") { return .array(elements) }
    while true {
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if take("]") { return .array(elements) }
      guard take(",") else { throw wrong("a comma or ] was expected in a JSON array") }
    }
  }

  private mutating func literal(_ word: String, _ value: JSONValue) throws(ImportError) -> JSONValue {
    guard bytes[position...].starts(with: word.utf8) else { throw wrong("an unknown JSON word") }
    position += word.utf8.count
    return value
  }

  private mutating func number() throws(ImportError) -> JSONValue {
    let start = position
    var whole = true
    scan: while let byte = peek {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"): break
      case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): whole = false
      default: break scan
      }
      position += 1
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if whole, let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else {
      position = start
      throw wrong("a malformed JSON number")
    }
    return .double(value)
  }

  private mutating func string() throws(ImportError) -> String {
    position += 1
    let start = position
    while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 {
      position += 1
    }
    if peek == UInt8(ascii: "\"") {
      defer { position += 1 }
      return try text(of: bytes[start..<position])
    }
    var unescaped = Array(bytes[start..<position])
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return try unescaped.withUnsafeBufferPointer { buffer throws(ImportError) in
          try text(of: buffer[...])
        }
      case UInt8(ascii: "\\"):
        position += 1
        try escape(into: &unescaped)
      case 0..<0x20:
        throw wrong("a control character inside a JSON string")
      default:
        unescaped.append(byte)
        position += 1
      }
    }
    throw wrong("the JSON document ends inside a string", code: .truncated)
  }

  private mutating func escape(into target: inout [UInt8]) throws(ImportError) {
    guard let byte = peek else { throw wrong("the JSON document ends inside a string", code: .truncated) }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): target.append(byte)
    case UInt8(ascii: "b"): target.append(0x08)
    case UInt8(ascii: "f"): target.append(0x0C)
    case UInt8(ascii: "n"): target.append(0x0A)
    case UInt8(ascii: "r"): target.append(0x0D)
    case UInt8(ascii: "t"): target.append(0x09)
    case UInt8(ascii: "u"):
      var scalar = UInt32(try codeUnit())
      if scalar & 0xFC00 == 0xD800, take("\\"), take("u") {
        let low = UInt32(try codeUnit())
        guard low & 0xFC00 == 0xDC00 else { throw wrong("half a surrogate pair in a JSON string") }
        scalar = 0x10000 + (scalar & 0x3FF) << 10 + low & 0x3FF
      }
      guard let scalar = Unicode.Scalar(scalar) else { throw wrong("half a surrogate pair in a JSON string") }
      target.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    default: throw wrong("an unknown escape in a JSON string")
    }
  }

  private mutating func codeUnit() throws(ImportError) -> UInt16 {
    guard bytes.count - position >= 4,
      let unit = UInt16(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
    else { throw wrong("a malformed \\u escape in a JSON string") }
    position += 4
    return unit
  }

  private func text(of slice: Slice<UnsafeBufferPointer<UInt8>>) throws(ImportError) -> String {
    guard let text = String(validating: slice, as: UTF8.self) else {
      throw wrong("a JSON string is not UTF-8")
    }
    return text
  }

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard peek == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private func wrong(_ what: String, code: ImportError.Code = .malformed) -> ImportError {
    ImportError(
      code, what, at: .init(file: file, offset: position),
      remedy: code == .truncated ? ImportError.downloadAgain : "Check the file, or download it again.")
  }
}
