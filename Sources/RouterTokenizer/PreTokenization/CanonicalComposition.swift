/// Canonical composition (NFC, Unicode Standard Annex 15) as Hugging Face `tokenizers` does it: with Unicode 9.
///
/// Composed forms never change between versions, but a mark that is newer than the tables is not reordered. The
/// standard library offers no composition, and Foundation's differs from the standard on rare sequences.
package enum CanonicalComposition {
  /// The composed text.
  package static func composed(_ text: String) -> String {
    // Below U+0300 every character is composed already.
    if text.unicodeScalars.allSatisfy({ $0.value < 0x300 }) { return text }
    var result = String.UnicodeScalarView()
    for item in recomposed(decomposed(text)) {
      if let scalar = Unicode.Scalar(item) { result.append(scalar) }
    }
    return String(result)
  }

  // MARK: Decomposition

  /// A scalar with its canonical combining class.
  private struct Item {
    let scalar: UInt32
    let combiningClass: UInt8
  }

  /// The full decomposition, marks in canonical order.
  private static func decomposed(_ text: String) -> [Item] {
    var items: [Item] = []
    items.reserveCapacity(text.utf8.count)
    /// Where the marks behind the last starter begin.
    var marks = 0
    func appendPart(_ scalar: UInt32) {
      let item = Item(scalar: scalar, combiningClass: combiningClass(scalar))
      if item.combiningClass == 0 {
        sortMarks(from: marks)
        marks = items.count + 1
      }
      items.append(item)
    }
    func sortMarks(from start: Int) {
      guard items.count - start > 1 else { return }
      let sorted = items[start...].enumerated().sorted {
        ($0.element.combiningClass, $0.offset) < ($1.element.combiningClass, $1.offset)
      }
      items.replaceSubrange(start..., with: sorted.map(\.element))
    }
    for scalar in text.unicodeScalars { forEachPart(of: scalar.value, appendPart) }
    sortMarks(from: marks)
    return items
  }

  private static func forEachPart(of scalar: UInt32, _ body: (UInt32) -> Void) {
    if scalar < 0xC0 {
      body(scalar)
    } else if Hangul.syllables.contains(scalar) {
      let index = scalar - Hangul.syllables.lowerBound
      body(Hangul.leading.lowerBound + index / Hangul.syllablesPerLeading)
      body(Hangul.vowels.lowerBound + index % Hangul.syllablesPerLeading / Hangul.trailingCount)
      if index % Hangul.trailingCount > 0 { body(Hangul.trailing + index % Hangul.trailingCount) }
    } else if let parts = decompositions[scalar] {
      forEachPart(of: parts.first, body)
      if let second = parts.second { forEachPart(of: second, body) }
    } else {
      body(scalar)
    }
  }

  /// The combining class; 0, as of an unassigned character, if it is newer than Unicode 9.
  private static func combiningClass(_ value: UInt32) -> UInt8 {
    guard value >= 0x300, let scalar = Unicode.Scalar(value) else { return 0 }
    let combiningClass = scalar.properties.canonicalCombiningClass.rawValue
    guard combiningClass > 0, let age = scalar.properties.age, age.major <= 9 else { return 0 }
    return combiningClass
  }

  // MARK: Composition

  private static func recomposed(_ items: [Item]) -> [UInt32] {
    var result: [UInt32] = []
    result.reserveCapacity(items.count)
    var starter: Int?
    /// The class of the last mark that stays between the starter and the next character; nil if none does.
    var between: UInt8?
    for item in items {
      let isBlocked = between.map { $0 >= item.combiningClass } ?? false
      if let starter, !isBlocked, let composite = composite(result[starter], item.scalar) {
        result[starter] = composite
        continue
      }
      if item.combiningClass == 0 {
        starter = result.count
        between = nil
      } else {
        between = item.combiningClass
      }
      result.append(item.scalar)
    }
    return result
  }

  private static func composite(_ first: UInt32, _ second: UInt32) -> UInt32? {
    if Hangul.leading.contains(first), Hangul.vowels.contains(second) {
      let index = (first - Hangul.leading.lowerBound) * Hangul.syllablesPerLeading
      return Hangul.syllables.lowerBound + index + (second - Hangul.vowels.lowerBound) * Hangul.trailingCount
    }
    if Hangul.syllables.contains(first), (first - Hangul.syllables.lowerBound) % Hangul.trailingCount == 0,
      (Hangul.trailing + 1..<Hangul.trailing + Hangul.trailingCount).contains(second)
    {
      return first + second - Hangul.trailing
    }
    return compositions[UInt64(first) << 32 | UInt64(second)]
  }

  /// Hangul syllables are composed by arithmetic (Unicode Standard, section 3.12).
  private enum Hangul {
    static let syllables: Range<UInt32> = 0xAC00..<0xD7A4
    static let leading: Range<UInt32> = 0x1100..<0x1113
    static let vowels: Range<UInt32> = 0x1161..<0x1176
    /// One before the first trailing consonant.
    static let trailing: UInt32 = 0x11A7
    static let trailingCount: UInt32 = 28
    static let syllablesPerLeading: UInt32 = 21 * 28
  }

  // MARK: Tables

  private static let decompositions: [UInt32: (first: UInt32, second: UInt32?)] = {
    var result: [UInt32: (first: UInt32, second: UInt32?)] = [:]
    for table in [pairs, oneWay] {
      for index in stride(from: 0, to: table.count, by: 3) {
        result[table[index]] = (table[index + 1], table[index + 2] == 0 ? nil : table[index + 2])
      }
    }
    return result
  }()

  private static let compositions: [UInt64: UInt32] = {
    var result: [UInt64: UInt32] = [:]
    for index in stride(from: 0, to: pairs.count, by: 3) {
      result[UInt64(pairs[index + 1]) << 32 | UInt64(pairs[index + 2])] = pairs[index]
    }
    return result
  }()
}
