/// Where one token left.
package struct TokenExit {
  /// Layers that made what chooses the next token.
  package let depth: Int
  /// What a policy measured where it let the token go, or last.
  package let confidence: Float?
}
