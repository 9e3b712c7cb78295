/// Where one token left.
struct TokenExit {
  /// Layers that made what chooses the next token.
  let depth: Int
  /// What a policy measured where it let the token go, or last.
  let confidence: Float?
}
