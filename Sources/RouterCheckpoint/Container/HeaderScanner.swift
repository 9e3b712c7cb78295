/// A strict reader of the JSON that a safetensors header may contain, and nothing more.
///
/// It knows strings, non-negative integers, and the punctuation around them. Where the format has no nested
/// value it accepts none, so hostile depth, fractions, signs and exponents have nowhere to go; and it
/// reports the byte where the text goes wrong.
struct HeaderScanner {
  private let bytes: ArraySlice<UInt8>
  private var offset: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    offset = bytes.startIndex
  }

  /// Whether only white space is left.
  mutating func isAtEnd() -> Bool {
    skipSpace()
    return offset == bytes.endIndex
  }

  /// Consumes `character` if it comes next.
  mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard offset < bytes.endIndex, bytes[offset] == UInt8(ascii: character) else { return false }
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
    while offset < bytes.endIndex, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[offset]) {
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
    let result = bytes[offset...].withUnsafeBufferPointer { text in
      Result { () throws(JSONString.Failure) in
        let string = try JSONString(beginning: text)
        return (text: try string.decoded(), byteCount: string.byteCount)
      }
    }
    switch result {
    case .success(let string):
      offset += string.byteCount + 1
      return string.text
    case .failure(let problem):
      offset += problem.place
      throw failure(problem.what)
    }
  }

  private mutating func skipSpace() {
    while offset < bytes.endIndex, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[offset]) { offset += 1 }
  }

  /// The error for text that breaks the format here.
  func failure(_ what: String) -> CheckpointError {
    .malformedHeader("\(what) at byte \(offset - bytes.startIndex) of the header's JSON")
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
