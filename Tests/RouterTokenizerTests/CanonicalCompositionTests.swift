import RouterTokenizer
import Testing

@Suite struct CanonicalCompositionTests {
  private func composed(_ scalars: [UInt32]) -> [UInt32] {
    var text = String.UnicodeScalarView()
    for scalar in scalars.compactMap(Unicode.Scalar.init) { text.append(scalar) }
    return CanonicalComposition.composed(String(text)).unicodeScalars.map(\.value)
  }

  /// Source and NFC of lines of Unicode's NormalizationTest.txt, unless a comment says otherwise.
  @Test(
    arguments: [
      ([0x1E0A], [0x1E0A]), ([0x44, 0x307], [0x1E0A]), ([0x1E0A, 0x323], [0x1E0C, 0x307]),
      ([0x212B], [0xC5]), ([0x2126], [0x3A9]), ([0x958], [0x915, 0x93C]), ([0x2ADC], [0x2ADD, 0x338]),
      ([0x1100, 0xAC00, 0x11A8], [0x1100, 0xAC01]), ([0x1112, 0x1161, 0x11AB], [0xD55C]),
      ([0xAC00, 0x11A7], [0xAC00, 0x11A7]),
      ([0x61, 0x315, 0x300, 0x5AE, 0x300, 0x62], [0xE0, 0x5AE, 0x300, 0x315, 0x62]),
      ([0x1D15E], [0x1D157, 0x1D165]), ([0x300, 0x61], [0x300, 0x61]), ([0x344], [0x308, 0x301]),
      // U+1DFA is a mark since Unicode 14: newer than the reference's tables, so nothing is moved across it.
      ([0x61, 0x1DFA, 0x31B, 0x1DCE, 0x62], [0x61, 0x1DFA, 0x1DCE, 0x31B, 0x62]),
    ] as [([UInt32], [UInt32])])
  func composes(_ source: [UInt32], _ expected: [UInt32]) {
    #expect(composed(source) == expected)
  }

  @Test func composingIsIdempotentAndKeepsCanonicalEquivalence() throws {
    let wrong = try Lines.load().generated().filter { line in
      let once = CanonicalComposition.composed(line)
      let isOld = line.unicodeScalars.allSatisfy {
        $0.value < 0x300 || $0.properties.age.map { $0.major <= 9 } ?? false
      }
      // `==` on strings is canonical equivalence.
      return CanonicalComposition.composed(once).bytes != once.bytes || (isOld && once != line)
    }
    #expect(wrong.isEmpty)
  }

  @Test func manyMarksAreSortedFast() {
    let marks = (0..<50_000).map { UInt32($0 % 2 == 0 ? 0x301 : 0x323) }
    let result = composed([0x71] + marks)
    #expect(
      result == [0x71] + [UInt32](repeating: 0x323, count: 25_000) + [UInt32](repeating: 0x301, count: 25_000)
    )
  }
}
