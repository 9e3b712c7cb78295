/// Cuts UTF-8 text into the words of a ``PreTokenizer``, one after another, in linear time.
///
/// Each branch below names the alternative of ``PreTokenizer/pattern`` that it implements; at every position the
/// first alternative that matches wins and takes as much as it can.
package struct WordScanner {
  private let text: UnsafeBufferPointer<UInt8>
  private let preTokenizer: PreTokenizer
  private let classes: CharacterClassTable
  private var position = 0

  /// Scans valid UTF-8.
  package init(_ text: UnsafeBufferPointer<UInt8>, _ preTokenizer: PreTokenizer) {
    self.text = text
    self.preTokenizer = preTokenizer
    classes = preTokenizer == .smollm ? .digits : .patterns
  }

  /// The byte range of the next word; nil behind the last one. The words cover the text without gaps.
  package mutating func next() -> Range<Int>? {
    guard position < text.count else { return nil }
    let start = position
    position =
      switch preTokenizer {
      case .gpt2: gpt2WordEnd(start, isolatingNumbers: false)
      case .smollm: gpt2WordEnd(start, isolatingNumbers: true)
      case .llama3: llama3WordEnd(start, numberLength: 3)
      case .qwen2: llama3WordEnd(start, numberLength: 1)
      }
    return start..<position
  }

  /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
  ///
  /// With `isolatingNumbers` a numeric character is a word of its own and, like the end of the text, ends the view of
  /// the look-ahead, because that split comes first.
  private func gpt2WordEnd(_ start: Int, isolatingNumbers: Bool) -> Int {
    if let end = contractionEnd(start, ignoringCase: false) { return end }
    let first = character(start)
    if isolatingNumbers, first.kind == .number { return first.end }
    let body = text[start] == UInt8(ascii: " ") ? character(first.end) : first
    switch body.kind {
    case .number where isolatingNumbers:
      return first.end
    case .letter, .number, .other:
      return runEnd(body.end, of: body.kind)
    case .space, .lineBreak, .end:
      return whitespaceEnd(whitespaceRun(start), numberEndsText: isolatingNumbers)
    }
  }

  /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
  private func llama3WordEnd(_ start: Int, numberLength: Int) -> Int {
    if let end = contractionEnd(start, ignoringCase: true) { return end }
    let first = character(start)
    switch first.kind {
    case .letter:
      return runEnd(first.end, of: .letter)
    case .number:
      var end = first.end
      for _ in 1..<numberLength {
        let next = character(end)
        guard next.kind == .number else { break }
        end = next.end
      }
      return end
    case .other:
      if character(first.end).kind == .letter { return runEnd(first.end, of: .letter) }
      return runEnd(runEnd(first.end, of: .other), of: .lineBreak)
    case .space, .lineBreak, .end:
      let second = character(first.end)
      if first.kind == .space, second.kind == .letter { return runEnd(second.end, of: .letter) }
      if text[start] == UInt8(ascii: " "), second.kind == .other {
        return runEnd(runEnd(second.end, of: .other), of: .lineBreak)
      }
      let run = whitespaceRun(start)
      return run.lastBreakEnd ?? whitespaceEnd(run, numberEndsText: false)
    }
  }

  // MARK: Alternatives

  /// `'s|'t|'re|'ve|'m|'ll|'d`; ignoring case, U+017F is an s.
  private func contractionEnd(_ start: Int, ignoringCase: Bool) -> Int? {
    guard text[start] == UInt8(ascii: "'"), start + 1 < text.count else { return nil }
    let fold: UInt8 = ignoringCase ? 0x20 : 0
    let second = start + 2 < text.count ? text[start + 2] | fold : 0
    switch text[start + 1] | fold {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"): return start + 2
    case UInt8(ascii: "r") where second == UInt8(ascii: "e"): return start + 3
    case UInt8(ascii: "v") where second == UInt8(ascii: "e"): return start + 3
    case UInt8(ascii: "l") where second == UInt8(ascii: "l"): return start + 3
    default: break
    }
    if ignoringCase, start + 2 < text.count, text[start + 1] == 0xC5, text[start + 2] == 0xBF {
      return start + 3
    }
    return nil
  }

  /// `\s+(?!\S)|\s+`: the run, less its last character unless the text ends there or there is no other.
  private func whitespaceEnd(_ run: WhitespaceRun, numberEndsText: Bool) -> Int {
    let following = character(run.end).kind
    if following == .end || (numberEndsText && following == .number) { return run.end }
    return run.lastStart > run.start ? run.lastStart : run.end
  }

  // MARK: Characters

  /// White space from `start` to `end`; its last character begins at `lastStart`.
  private struct WhitespaceRun {
    let start: Int
    var end: Int
    var lastStart: Int
    var lastBreakEnd: Int?
  }

  private func whitespaceRun(_ start: Int) -> WhitespaceRun {
    var run = WhitespaceRun(start: start, end: start, lastStart: start, lastBreakEnd: nil)
    while true {
      let next = character(run.end)
      guard next.kind.isWhitespace else { return run }
      run.lastStart = run.end
      run.end = next.end
      if next.kind == .lineBreak { run.lastBreakEnd = next.end }
    }
  }

  /// Where the characters of a class that follow `start` end.
  private func runEnd(_ start: Int, of kind: CharacterClass) -> Int {
    var end = start
    while true {
      let next = character(end)
      guard next.kind == kind else { return end }
      end = next.end
    }
  }

  /// The class of the character at a byte offset and where the next one begins.
  @inline(__always)
  private func character(_ offset: Int) -> (kind: CharacterClass, end: Int) {
    guard offset < text.count else { return (.end, offset) }
    let lead = text[offset]
    switch lead {
    case 0..<0x80:
      return (classes[UInt32(lead)], offset + 1)
    case 0x80..<0xE0:
      return (classes[UInt32(lead & 0x1F) << 6 | continuation(offset + 1)], offset + 2)
    case 0xE0..<0xF0:
      let scalar = UInt32(lead & 0x0F) << 12 | continuation(offset + 1) << 6 | continuation(offset + 2)
      return (classes[scalar], offset + 3)
    default:
      let high = UInt32(lead & 0x07) << 18 | continuation(offset + 1) << 12
      return (classes[high | continuation(offset + 2) << 6 | continuation(offset + 3)], offset + 4)
    }
  }

  @inline(__always)
  private func continuation(_ offset: Int) -> UInt32 {
    UInt32(text[offset] & 0x3F)
  }
}
