/// A string compared by its UTF-8 bytes, for vocabularies: `String` itself holds "\u{C5}" and "\u{212B}" equal.
struct ExactString: Hashable, Sendable {
  let text: String

  init(_ text: some StringProtocol) {
    self.text = String(text)
  }

  static func == (a: ExactString, b: ExactString) -> Bool {
    a.text.utf8.elementsEqual(b.text.utf8)
  }

  func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    hasher.combine(text.utf8.count)
  }
}
