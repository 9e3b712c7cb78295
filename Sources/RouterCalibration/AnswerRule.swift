/// When a generated answer counts as right on question/answer data.
package enum AnswerRule: String, Sendable, Codable, CaseIterable {
  /// The whole answer equals the expected one, case-sensitively, white space around both ignored: the paper's
  /// exact match on TriviaQA.
  case exact
  /// The expected answer occurs in the generated one as whole words, ignoring case and runs of white space:
  /// for chat models, which answer trivia in sentences.
  case contains
  /// The final numbers are equal: GSM8K. The final number is the first one after the last `####`, or, without
  /// `####`, the last one in the text; thousands separators, currency signs and trailing zeros of a fraction
  /// do not matter. Never right if one of the texts has no number.
  case finalNumber = "final-number"

  /// Whether the generated answer is right.
  package func isRight(expected: String, generated: String) -> Bool {
    switch self {
    case .exact:
      return Self.trimmed(expected) == Self.trimmed(generated)
    case .contains:
      return Self.occurs(Self.words(expected), in: Self.words(generated))
    case .finalNumber:
      guard let wanted = Self.finalNumber(in: expected) else { return false }
      return Self.finalNumber(in: generated) == wanted
    }
  }

  /// The text without white space around it.
  static func trimmed(_ text: String) -> Substring {
    let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
    let end = text.lastIndex { !$0.isWhitespace }.map { text.index(after: $0) } ?? start
    return text[start..<end]
  }

  /// Lower-case words: maximal runs of letters and digits; every other character separates.
  static func words(_ text: String) -> [String] {
    text.lowercased().split { !($0.isLetter || $0.isNumber) }.map(String.init)
  }

  /// Whether `needle` is a contiguous part of `haystack`; an empty needle never is.
  private static func occurs(_ needle: [String], in haystack: [String]) -> Bool {
    guard !needle.isEmpty, needle.count <= haystack.count else { return false }
    return (0...(haystack.count - needle.count)).contains { start in
      haystack[start..<(start + needle.count)].elementsEqual(needle)
    }
  }

  /// The final number in canonical decimal form, such as `-12.5` or `1000`; `nil` if there is none.
  package static func finalNumber(in text: String) -> String? {
    let bytes = Array(text.utf8)
    var start = bytes.startIndex
    var isMarked = false
    for index in bytes.indices.dropLast(3) where bytes[index..<(index + 4)].allSatisfy({ $0 == 0x23 }) {
      start = index + 4
      isMarked = true
    }
    let numbers = numbers(in: bytes[start...])
    return isMarked ? numbers.first : numbers.last
  }

  /// The decimal numbers of a text in canonical form, in order: digits with optional commas between them, an
  /// optional fraction, and an optional minus sign directly in front (a currency sign may stand between).
  private static func numbers(in bytes: ArraySlice<UInt8>) -> [String] {
    func isDigit(_ index: Int) -> Bool {
      index < bytes.endIndex && (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[index])
    }
    var numbers: [String] = []
    var index = bytes.startIndex
    while index < bytes.endIndex {
      guard isDigit(index) else {
        index += 1
        continue
      }
      var sign = index - 1
      if sign >= bytes.startIndex, bytes[sign] == UInt8(ascii: "$") { sign -= 1 }
      // "3-4" is a range or a difference, not a negative number.
      let isNegative =
        sign >= bytes.startIndex && bytes[sign] == UInt8(ascii: "-")
        && !(sign > bytes.startIndex && isDigit(sign - 1))
      var whole = ""
      while isDigit(index)
        || (index < bytes.endIndex && bytes[index] == UInt8(ascii: ",") && isDigit(index + 1))
      {
        if isDigit(index) { whole.unicodeScalars.append(Unicode.Scalar(bytes[index])) }
        index += 1
      }
      var fraction = ""
      if index < bytes.endIndex, bytes[index] == UInt8(ascii: "."), isDigit(index + 1) {
        index += 1
        while isDigit(index) {
          fraction.unicodeScalars.append(Unicode.Scalar(bytes[index]))
          index += 1
        }
      }
      while fraction.hasSuffix("0") { fraction.removeLast() }
      whole = String(whole.drop { $0 == "0" })
      let magnitude = (whole.isEmpty ? "0" : whole) + (fraction.isEmpty ? "" : "." + fraction)
      numbers.append(isNegative && magnitude != "0" ? "-" + magnitude : magnitude)
    }
    return numbers
  }
}
