/// A piece of a text in which tokens were found by their literal text.
enum Fragment: Equatable {
  /// Ordinary text.
  case text(String)
  /// A token.
  case token(TokenID)
}

extension LiteralMatcher {
  /// The text cut at each match.
  func split(_ text: String) -> [Fragment] {
    guard !isEmpty else { return text.isEmpty ? [] : [.text(text)] }
    var text = text
    return text.withUTF8 { bytes in
      var fragments: [Fragment] = []
      var position = 0
      func appendText(upTo end: Int) {
        guard end > position else { return }
        fragments.append(.text(String(decoding: bytes[position..<end], as: UTF8.self)))
      }
      while let match = firstMatch(in: bytes, from: position) {
        appendText(upTo: match.range.lowerBound)
        fragments.append(.token(match.token))
        position = match.range.upperBound
      }
      appendText(upTo: bytes.count)
      return fragments
    }
  }
}

extension [Fragment] {
  /// Appends fragments, making one of adjacent texts.
  mutating func appendJoiningText(_ fragments: [Fragment]) {
    for fragment in fragments {
      if case .text(let following) = fragment, case .text(let text)? = last {
        self[count - 1] = .text(text + following)
      } else {
        append(fragment)
      }
    }
  }
}
