/// A strict reader of the JSON that a safetensors header may contain, and nothing more.
///
/// It knows strings, non-negative integers, and the punctuation around them. Where the format has no nested
/// value it accepts none, so hostile depth, fractions, signs and exponents have nowhere to go; and it
/// reports the byte where the text goes wrong.
struct HeaderScanner {
  private let bytes: [UInt8]
  private(set) var offset = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// Whether only white space is left.
  mutating func isAtEnd() -> Bool {
    skipSpace()
    return offset == bytes.count
  }

  /// Consumes `character` if it comes next.
  mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard offset < bytes.count, bytes[offset] == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  /// Consumes `character`, which must come next.
  mutating func expect(_ character: Unicode.Scalar) throws(CheckpointError) {
    guard take(character) else { throw failure("expected \(character)") }
  }

  /// Reads `{ "key": value, ... }`, calling `member` after each colon.
  mutating func object(
    _ member: (inout HeaderScanner, String) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    try expect("{")
    if take("}") { return }
    repeat {
      let key = try string()
      try expect(":")
      try member(&self, key)
    } while take(",")
    try expect("}")
  }

  /// Reads an array of at most `limit` non-negative integers.
  mutating func integers(limit: Int) throws(CheckpointError) -> [Int] {
    try expect("[")
    var values: [Int] = []
    if take("]") { return values }
    repeat {
      guard values.count < limit else { throw failure("expected at most \(limit) numbers") }
      values.append(try integer())
    } while take(",")
    try expect("]")
    return values
  }

  private mutating func integer() throws(CheckpointError) -> Int {
    skipSpace()
    let start = offset
    var value = 0
    while offset < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[offset]) {
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int(bytes[offset] - UInt8(ascii: "0")))
      guard !overflow, !carry else { throw failure("a number is too large") }
      value = sum
      offset += 1
    }
    guard offset > start, offset == start + 1 || bytes[start] != UInt8(ascii: "0") else {
      throw failure("expected a non-negative integer")
    }
    return value
  }

  /// Reads a string.
  mutating func string() throws(CheckpointError) -> String {
    try expect("\"")
    var text: [UInt8] = []
    while true {
      let start = offset
      while offset < bytes.count, bytes[offset] != UInt8(ascii: "\""), bytes[offset] != UInt8(ascii: "\\"),
        bytes[offset] >= 0x20
      {
        offset += 1
      }
      text += bytes[start..<offset]
      guard offset < bytes.count, bytes[offset] >= 0x20 else { throw failure("a string does not end") }
      offset += 1
      if bytes[offset - 1] == UInt8(ascii: "\"") { break }
      try escape(into: &text)
    }
    guard let string = String(validating: text, as: UTF8.self) else { throw failure("a string is not UTF-8") }
    return string
  }

  private mutating func escape(into text: inout [UInt8]) throws(CheckpointError) {
    guard offset < bytes.count else { throw failure("a string does not end") }
    let character = bytes[offset]
    offset += 1
    switch character {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(character)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var units = [try codeUnit()]
      if UTF16.isLeadSurrogate(units[0]), offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "\\"),
        bytes[offset + 1] == UInt8(ascii: "u")
      {
        offset += 2
        units.append(try codeUnit())
      }
      guard let scalars = String(validating: units, as: UTF16.self) else {
        throw failure("an escape is half a surrogate pair")
      }
      text += scalars.utf8
    default: throw failure("an unknown escape")
    }
  }

  private mutating func codeUnit() throws(CheckpointError) -> UInt16 {
    guard bytes.count - offset >= 4 else { throw failure("a string does not end") }
    var value: UInt16 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(bytes[offset])).hexDigitValue, bytes[offset] < 0x80 else {
        throw failure("an escape is not hexadecimal")
      }
      value = value << 4 | UInt16(digit)
      offset += 1
    }
    return value
  }

  private mutating func skipSpace() {
    while offset < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[offset]) { offset += 1 }
  }

  /// The error for text that breaks the format here.
  func failure(_ what: String) -> CheckpointError {
    .malformedHeader("\(what) at byte \(offset) of the header's JSON")
  }
}

extension CheckpointError {
  /// An error that says which rule of the format a header breaks.
  static func malformedHeader(_ what: String, tensor: String? = nil) -> CheckpointError {
    CheckpointError(
      .malformedHeader, what, at: .init(tensor: tensor),
      remedy: "The file was made by faulty software; import the model again with `router import`.")
  }

  /// This error, with the file that it happened in.
  func located(in path: String) -> CheckpointError {
    var copy = self
    if copy.location.file == nil { copy.location.file = path }
    return copy
  }
}
