/// Cuts a stream of bytes into text that never ends within a character.
///
/// The texts it gives, joined, are `String(decoding: all, as: UTF8.self)`: each maximal invalid part is one U+FFFD.
package struct TextDecoder: Sendable {
  /// The begin of a character, at most three bytes.
  private var pending: [UInt8] = []

  /// Makes a decoder that has seen nothing.
  package init() {}

  /// The text that these bytes complete.
  package mutating func append(_ bytes: some Sequence<UInt8>) -> String {
    pending += bytes
    let complete = pending.count - Self.unfinishedSuffix(pending)
    defer { pending.removeFirst(complete) }
    return String(decoding: pending[..<complete], as: UTF8.self)
  }

  /// What is held back, as it is.
  package mutating func finish() -> String {
    defer { pending.removeAll() }
    return String(decoding: pending, as: UTF8.self)
  }

  /// The length of the well-formed but unfinished character at the end (Unicode 16, table 3-7).
  package static func unfinishedSuffix(_ bytes: [UInt8]) -> Int {
    for length in 1...3 where length <= bytes.count {
      let lead = bytes[bytes.count - length]
      if lead & 0xC0 == 0x80 { continue }
      let second = length > 1 ? bytes[bytes.count - length + 1] : nil
      return width(lead, second: second) > length ? length : 0
    }
    return 0
  }

  /// The width of the character that begins so; 1 if none does.
  private static func width(_ lead: UInt8, second: UInt8?) -> Int {
    let allowed: ClosedRange<UInt8> =
      switch lead {
      case 0xE0: 0xA0...0xBF
      case 0xED: 0x80...0x9F
      case 0xF0: 0x90...0xBF
      case 0xF4: 0x80...0x8F
      default: 0x80...0xBF
      }
    if let second, !allowed.contains(second) { return 1 }
    switch lead {
    case 0xC2...0xDF: return 2
    case 0xE0...0xEF: return 3
    case 0xF0...0xF4: return 4
    default: return 1
    }
  }
}
