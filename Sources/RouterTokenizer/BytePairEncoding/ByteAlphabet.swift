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

  /// For each character up to U+0143, the last of the alphabet, its byte; nil where it is none.
  private static let bytes: [UInt8?] = {
    var bytes = [UInt8?](repeating: nil, count: 0x144)
    for (byte, character) in characters.enumerated() { bytes[Int(character.value)] = UInt8(byte) }
    return bytes
  }()

  /// Appends the bytes that a token's text, in UTF-8, stands for to `target`; if a character is not of the alphabet,
  /// appends nothing and returns false.
  static func append(_ text: UnsafeBufferPointer<UInt8>, to target: inout [UInt8]) -> Bool {
    let start = target.count
    var place = 0
    while place < text.count {
      let lead = text[place]
      // Characters of the alphabet take one byte or two.
      var character = Int(lead)
      if lead >= 0x80 {
        guard lead & 0xE0 == 0xC0, place + 1 < text.count else { break }
        character = Int(lead & 0x1F) << 6 | Int(text[place + 1] & 0x3F)
        place += 1
      }
      guard character < bytes.count, let byte = bytes[character] else { break }
      target.append(byte)
      place += 1
    }
    guard place == text.count else {
      target.removeSubrange(start...)
      return false
    }
    return true
  }
}
