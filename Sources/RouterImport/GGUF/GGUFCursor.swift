/// Reads the header of a GGUF file from front to back, little-endian, a window at a time.
///
/// Every length is compared with what is left of the file before anything is allocated for it.
struct GGUFCursor {
  /// Strings longer than this are attacks: real chat templates stay below 64 KiB, tokens below 1 KiB.
  static let maximumStringByteCount = 16 << 20

  let file: InputFile
  /// Offset of the next byte.
  private(set) var offset = 0
  private var window: [UInt8] = []
  private var windowStart = 0

  init(file: InputFile) {
    self.file = file
  }

  /// Bytes that follow in the file.
  var remaining: Int { file.byteCount - offset }

  /// Reads an unsigned integer of `type`'s width.
  mutating func integer<T: FixedWidthInteger>(_ type: T.Type, _ what: String) throws(ImportError) -> T {
    let size = MemoryLayout<T>.size
    let start = try advance(by: size, what)
    var value: T = 0
    for i in 0..<size { value |= T(truncatingIfNeeded: UInt64(window[start + i]) << (8 * UInt64(i))) }
    return value
  }

  /// Reads a 64-bit count of things of which each takes at least `minimumByteCount` bytes of what is left.
  mutating func count(ofAtLeast minimumByteCount: Int, _ what: String) throws(ImportError) -> Int {
    let start = offset
    let value = try integer(UInt64.self, what)
    guard let count = Int(exactly: value), count <= remaining / minimumByteCount else {
      throw ImportError(
        .truncated, "\(what) is \(value), more than the file has room for", at: place(start),
        remedy: ImportError.downloadAgain)
    }
    return count
  }

  /// Reads a string: a 64-bit length and UTF-8.
  mutating func string(_ what: String) throws(ImportError) -> String {
    let start = offset
    let count = try count(ofAtLeast: 1, "the length of \(what)")
    guard count <= Self.maximumStringByteCount else {
      throw ImportError(
        .malformed, "\(what) has \(count) bytes, which no model needs", at: place(start),
        remedy: ImportError.downloadAgain)
    }
    let first = try advance(by: count, what)
    guard let text = String(validating: window[first..<first + count], as: UTF8.self) else {
      throw ImportError(
        .malformed, "\(what) is not UTF-8", at: place(start),
        remedy: "Convert the model again with a current llama.cpp, or download it again.")
    }
    return text
  }

  /// The location of a byte, for errors.
  func place(_ offset: Int, item: String? = nil) -> ImportError.Location {
    .init(file: file.name, item: item, offset: offset)
  }

  /// Makes `count` bytes available in the window, moves past them and returns where they begin in it.
  private mutating func advance(by count: Int, _ what: String) throws(ImportError) -> Int {
    guard count <= remaining else {
      throw ImportError(
        .truncated, "the file ends within \(what)", at: place(offset), remedy: ImportError.downloadAgain)
    }
    if offset + count > windowStart + window.count {
      windowStart = offset
      window = try file.bytes(at: offset, count: min(max(count, 1 << 18), remaining))
    }
    defer { offset += count }
    return offset - windowStart
  }
}
