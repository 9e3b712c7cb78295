/// What becomes of a special token's name found in text.
package enum SpecialTokenHandling: Sendable {
  /// It is text like any other: the only safe choice for text from outside.
  case asText
  /// It becomes the special token.
  case parse
}
