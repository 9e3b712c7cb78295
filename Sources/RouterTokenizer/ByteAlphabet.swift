/// GPT-2's alphabet, in which each byte is written as a printable character.
///
/// Bytes that print in Latin-1 stand for themselves; the others are U+0100 onwards, in order.
enum ByteAlphabet {
  /// For each byte its character.
  static let characters: [Unicode.Scalar] = {
    var next: UInt32 = 0x100
    return (0...255).map { (byte: UInt32) in
      let prints =
        (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte)
      defer { next += prints ? 0 : 1 }
      return Unicode.Scalar(prints ? byte : next) ?? "\u{FFFD}"
    }
  }()

  /// For each character of the alphabet its byte.
  private static let bytes: [Unicode.Scalar: UInt8] = Dictionary(
    uniqueKeysWithValues: characters.enumerated().map { ($1, UInt8($0)) })

  /// The bytes that a token's text stands for; nil if a character isn't of the alphabet.
  static func bytes(of token: String) -> [UInt8]? {
    var result: [UInt8] = []
    result.reserveCapacity(token.utf8.count)
    for scalar in token.unicodeScalars {
      guard let byte = bytes[scalar] else { return nil }
      result.append(byte)
    }
    return result
  }
}
