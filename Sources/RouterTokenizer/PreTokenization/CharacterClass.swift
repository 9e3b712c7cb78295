/// What a pre-tokenizer's pattern distinguishes.
package enum CharacterClass: UInt8, Sendable {
  /// Neither of the others: punctuation, symbols, marks, controls, unassigned.
  case other
  /// `\p{L}`.
  case letter
  /// `\p{N}`.
  case number
  /// `\s`, except line breaks.
  case space
  /// `[\r\n]`.
  case lineBreak
  /// Behind the last character.
  case end

  /// Whether this is `\s`.
  var isWhitespace: Bool { self == .space || self == .lineBreak }
}
