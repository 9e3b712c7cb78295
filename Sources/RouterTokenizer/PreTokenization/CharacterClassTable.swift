/// The class of every Unicode scalar value, frozen at the Unicode version of the reference tokenizers.
///
/// `Unicode.Scalar.Properties` would move with the Swift runtime (on macOS with the system), and a letter that is new
/// to Unicode must not change how a trained model's text is cut.
package struct CharacterClassTable: Sendable {
  /// `\p{L}`, `\p{N}` and `\s` as Oniguruma in Hugging Face `tokenizers` has them: Unicode 16.
  package static let patterns = CharacterClassTable(numbers: numberRanges)
  /// The same with the numbers of Rust's `char::is_numeric`, on which `tokenizers`' `Digits` relies: Unicode 17.
  package static let digits = CharacterClassTable(numbers: numberRanges + newNumberRanges)

  /// Scalars in a page.
  private static let pageSize = 256

  /// For each page of scalars the index of its classes in `classes`.
  private let pages: [UInt16]
  /// Distinct pages, one after another.
  private let classes: [CharacterClass]

  private init(numbers: [UInt32]) {
    var flat = [CharacterClass](repeating: .other, count: 0x110000)
    Self.fill(&flat, Self.letterRanges, .letter)
    Self.fill(&flat, numbers, .number)
    Self.fill(&flat, Self.spaceRanges, .space)
    flat[0x0A] = .lineBreak
    flat[0x0D] = .lineBreak

    var known: [[CharacterClass]: UInt16] = [:]
    var pages: [UInt16] = []
    var classes: [CharacterClass] = []
    for start in stride(from: 0, to: flat.count, by: Self.pageSize) {
      let page = Array(flat[start..<start + Self.pageSize])
      if let index = known[page] {
        pages.append(index)
      } else {
        let index = UInt16(classes.count / Self.pageSize)
        known[page] = index
        pages.append(index)
        classes += page
      }
    }
    self.pages = pages
    self.classes = classes
  }

  /// The class of a scalar value below 0x110000.
  package subscript(scalar: UInt32) -> CharacterClass {
    classes[Int(pages[Int(scalar >> 8)]) << 8 | Int(scalar & 0xFF)]
  }

  /// Sets the class of inclusive ranges, given as first, last, first, last, ...
  private static func fill(_ flat: inout [CharacterClass], _ ranges: [UInt32], _ value: CharacterClass) {
    for index in stride(from: 0, to: ranges.count, by: 2) {
      for scalar in ranges[index]...ranges[index + 1] {
        flat[Int(scalar)] = value
      }
    }
  }
}
