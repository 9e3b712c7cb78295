#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension PolicyFile {
  /// A policy file nests brackets two deep; text that nests deeper than this is refused before it is parsed.
  static let maximumNesting = 16

  /// Parses and checks the JSON text of a policy file.
  ///
  /// - Throws: ``PolicyError``, located by its JSON path.
  public init(json: Data) throws(PolicyError) {
    guard json.count <= Self.maximumByteCount else {
      throw PolicyError(
        code: .tooLarge, what: "the policy is larger than \(Self.maximumByteCount) bytes",
        remedy: "A policy takes about 2 kB: check that this is a policy's JSON file.")
    }
    try Self.checkNesting(json)
    do {
      self = try JSONDecoder().decode(PolicyFile.self, from: json)
    } catch {
      throw PolicyError(decoding: error)
    }
  }

  /// Reads, parses and checks a policy file.
  ///
  /// - Throws: ``PolicyError``, located by the file and its JSON path.
  public init(path: String) throws(PolicyError) {
    do {
      try self.init(json: Data(try PolicyStorage.contents(of: path, maximumByteCount: Self.maximumByteCount)))
    } catch {
      throw error.inFile(path)
    }
  }

  /// The JSON text: sorted keys, two spaces of indentation, a final line feed. Reading it gives an equal
  /// value.
  public func json() throws(PolicyError) -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      return try encoder.encode(self) + Data("\n".utf8)
    } catch {
      throw PolicyError(
        code: .malformed, what: "the policy cannot be encoded: \(error)",
        remedy: "Report this: a checked policy always can.")
    }
  }

  /// Writes the file at once or not at all: temporary file beside it, fsync, rename.
  ///
  /// - Throws: ``PolicyError``; whatever was at `path` is then untouched.
  public func write(to path: String) throws(PolicyError) {
    try PolicyStorage.replace(path, with: [UInt8](try json()))
  }

  /// Counts brackets outside strings, so that hostile nesting never reaches the recursive parser.
  private static func checkNesting(_ json: Data) throws(PolicyError) {
    var depth = 0
    var isInString = false
    var isEscaped = false
    for (offset, byte) in json.enumerated() {
      if isInString {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
          isInString = false
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): isInString = true
      case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
      default: break
      }
      guard depth <= maximumNesting else {
        throw PolicyError(
          code: .malformed, what: "the JSON nests deeper than \(maximumNesting) levels",
          location: "byte \(offset)", remedy: "Check that this is a policy's JSON file.")
      }
    }
  }
}
