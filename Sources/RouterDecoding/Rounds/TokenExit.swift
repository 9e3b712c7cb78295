/// Where one token left.
package struct TokenExit: Sendable, Equatable {
  /// Layers that made what chooses the next token.
  package let depth: Int
  /// What a policy measured where it let the token go, or last.
  package let confidence: Float?

  package init(depth: Int, confidence: Float?) {
    self.depth = depth
    self.confidence = confidence
  }
}
