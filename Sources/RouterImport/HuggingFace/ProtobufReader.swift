/// Walks the fields of one protobuf message (wire format, proto2), without knowing its schema.
struct ProtobufReader {
  /// The payload of a field.
  enum Value {
    case varint(UInt64)
    case fixed32(UInt32)
    case fixed64(UInt64)
    /// A string, bytes or a nested message.
    case bytes(ArraySlice<UInt8>)
  }

  private let file: String
  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>, file: String) {
    rest = bytes
    self.file = file
  }

  /// The next field's number and payload; nil at the end.
  ///
  /// - Throws: `ImportError` naming the offset of a malformed field.
  mutating func next() throws(ImportError) -> (field: Int, value: Value)? {
    guard !rest.isEmpty else { return nil }
    let start = rest.startIndex
    let tag = try varint()
    guard let field = Int(exactly: tag >> 3), field > 0 else { throw malformed(at: start) }
    switch tag & 7 {
    case 0: return (field, .varint(try varint()))
    case 1: return (field, .fixed64(littleEndian(try take(8))))
    case 2:
      guard let count = Int(exactly: try varint()) else { throw malformed(at: start) }
      return (field, .bytes(try take(count)))
    case 5: return (field, .fixed32(UInt32(truncatingIfNeeded: littleEndian(try take(4)))))
    default: throw malformed(at: start)
    }
  }

  private mutating func varint() throws(ImportError) -> UInt64 {
    let start = rest.startIndex
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = rest.popFirst() else { throw malformed(at: start) }
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw malformed(at: start)
  }

  private mutating func take(_ count: Int) throws(ImportError) -> ArraySlice<UInt8> {
    guard count >= 0, count <= rest.count else { throw malformed(at: rest.startIndex) }
    defer { rest = rest.dropFirst(count) }
    return rest.prefix(count)
  }

  private func littleEndian(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private func malformed(at offset: Int) -> ImportError {
    ImportError(
      .malformed, "the file is not a SentencePiece model", at: .init(file: file, offset: offset),
      remedy: "Check that this is the file that its name says (a Git LFS pointer is not); download it again.")
  }
}
