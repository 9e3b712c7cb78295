import RouterTokenizer
import Testing

@Suite struct WordScannerTests {
  private func words(_ text: String, _ preTokenizer: PreTokenizer) -> [String] {
    var text = text
    return text.withUTF8 { bytes in
      var scanner = WordScanner(bytes, preTokenizer)
      var words: [String] = []
      while let range = scanner.next() { words.append(String(decoding: bytes[range], as: UTF8.self)) }
      return words
    }
  }

  /// By hand from the patterns.
  @Test func eachFamilyCutsAsItsPatternSays() {
    let text = "It's  10234 'LL\n\n x\t y"
    #expect(words(text, .gpt2) == ["It", "'s", " ", " 10234", " '", "LL", "\n\n", " x", "\t", " y"])
    #expect(
      words(text, .smollm) == [
        "It", "'s", "  ", "1", "0", "2", "3", "4", " '", "LL", "\n\n", " x", "\t", " y",
      ])
    #expect(
      words(text, .llama3) == ["It", "'s", " ", " ", "102", "34", " '", "LL", "\n\n", " x", "\t", " y"])
    #expect(
      words(text, .qwen2)
        == ["It", "'s", " ", " ", "1", "0", "2", "3", "4", " '", "LL", "\n\n", " x", "\t", " y"])
  }

  /// By `tokenizers` 0.23.3: U+017F is an s where case is ignored.
  @Test func contractionsIgnoreCaseOnlyWhereThePatternDoes() {
    #expect(words("'\u{17F}o'So'vE", .llama3) == ["'\u{17F}", "o", "'S", "o", "'vE"])
    #expect(words("'\u{17F}o'So'vE", .qwen2) == ["'\u{17F}", "o", "'S", "o", "'vE"])
    #expect(words("'\u{17F}o'So'vE", .gpt2) == ["'", "\u{17F}o", "'", "So", "'", "vE"])
  }

  @Test(arguments: PreTokenizer.allCases)
  func wordsCoverTheTextWithoutGaps(_ preTokenizer: PreTokenizer) throws {
    let lines = try Lines.load()
    let wrong = (lines.lines + lines.generated()).filter { line in
      let words = words(line, preTokenizer)
      return words.joined().bytes != line.bytes || words.contains("")
    }
    #expect(wrong.isEmpty)
  }

  @Test func classesAreThoseOfTheReferencesUnicodeVersions() {
    // U+11DE0 became a number in Unicode 17, U+16D40 a letter in Unicode 16, U+10940 one in 17.
    #expect(CharacterClassTable.patterns[0x11DE0] == .other)
    #expect(CharacterClassTable.digits[0x11DE0] == .number)
    #expect(CharacterClassTable.patterns[0x16D40] == .letter)
    #expect(CharacterClassTable.patterns[0x10940] == .other)
    #expect(CharacterClassTable.patterns[0x10FFFF] == .other)
  }

  @Test func classesAgreeWithUnicodeWhereverItIsOld() {
    for value in UInt32(0)..<0x110000 {
      guard let scalar = Unicode.Scalar(value), let age = scalar.properties.age, age.major <= 15 else {
        continue
      }
      let expected: CharacterClass =
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: .letter
        case .decimalNumber, .letterNumber, .otherNumber: .number
        default:
          value == 0x0A || value == 0x0D ? .lineBreak : scalar.properties.isWhitespace ? .space : .other
        }
      guard CharacterClassTable.patterns[value] == expected else {
        Issue.record("U+\(String(value, radix: 16)) should be \(expected)")
        return
      }
    }
  }
}
