import RouterExit

/// Where one token left.
package struct TokenExit: Sendable, Equatable {
  /// Layers that made what chooses the next token.
  package let depth: Int
  /// The head that chooses it.
  package let head: HeadWidth
  /// What a policy measured where it let the token go, or last.
  package let confidence: Float?

  package init(depth: Int, head: HeadWidth = .full, confidence: Float?) {
    self.depth = depth
    self.head = head
    self.confidence = confidence
  }
}
