import RouterTokenizer
import Testing

@Suite struct TextDecoderTests {
  /// Bytes on either side of each border of the well-formed sequences (Unicode 16, table 3-7).
  static let borders: [UInt8] = [
    0x41, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEE, 0xEF, 0xF0, 0xF1,
    0xF4,
    0xF5, 0xFF,
  ]

  /// The text of bytes that arrive in parts; a part ends behind each byte whose bit in `cuts` is set.
  private func streamed(_ bytes: [UInt8], cuts: Int) -> String {
    var decoder = TextDecoder()
    var text = ""
    var start = 0
    for index in 0..<bytes.count - 1 where cuts >> index & 1 == 1 {
      text += decoder.append(bytes[start...index])
      start = index + 1
    }
    return text + decoder.append(bytes[start...]) + decoder.finish()
  }

  @Test(arguments: borders)
  func everyWayToCutBytesGivesTheSameText(_ first: UInt8) {
    for second in Self.borders {
      for third in Self.borders {
        for fourth in [0x41, 0xBF] as [UInt8] {
          let bytes = [first, second, third, fourth]
          let whole = String(decoding: bytes, as: UTF8.self).bytes
          let wrong = (0..<8).filter { streamed(bytes, cuts: $0).bytes != whole }
          guard wrong.isEmpty else {
            Issue.record("\(bytes) cut by \(wrong)")
            return
          }
        }
      }
    }
  }

  @Test func holdsBackOnlyWhatCanStillBecomeACharacter() {
    for bytes: [UInt8] in [
      [0xC2], [0xE2, 0x96], [0xF0, 0x9F], [0xF0, 0x9F, 0x99], [0xE0, 0xA0], [0xF4, 0x8F, 0xBF],
    ] {
      #expect(TextDecoder.unfinishedSuffix(bytes) == bytes.count)
    }
    for bytes: [UInt8] in [
      [], [0x41], [0xC1], [0xFF], [0xE0, 0x80], [0xED, 0xA0], [0xF4, 0x90], [0xC2, 0xA0], [0x80],
    ] {
      #expect(TextDecoder.unfinishedSuffix(bytes) == 0)
    }
  }
}
