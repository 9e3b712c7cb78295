/// SentencePiece's U+2581, which stands for a space within pieces.
enum SpaceMark {
  /// U+2581 in UTF-8.
  static let utf8: [UInt8] = [0xE2, 0x96, 0x81]

  /// The text of a piece: each mark as a space.
  static func unescaped(_ piece: some Sequence<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    for byte in piece {
      result.append(byte)
      if byte == utf8[2], result.suffix(3).elementsEqual(utf8) {
        result.removeLast(3)
        result.append(UInt8(ascii: " "))
      }
    }
    return result
  }
}
