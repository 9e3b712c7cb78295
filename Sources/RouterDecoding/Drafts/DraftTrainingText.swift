/// What a model says, at full depth, after each beginning of a text.
package struct DraftTrainingText: Sendable, Equatable {
  /// Ids of the text.
  package let tokens: [Int32]
  /// The model's most probable tokens after `tokens[..<first]`, `tokens[...first]` and so on; nil where it had none.
  package let following: [Int32?]
  /// Tokens that come before the first of `following`.
  package let first: Int

  /// - Precondition: there are tokens before every place that is taught.
  package init(tokens: [Int32], following: [Int32?], first: Int) {
    precondition(first >= 0 && first + following.count <= tokens.count + 1, "\(first), \(following.count)")
    self.tokens = tokens
    self.following = following
    self.first = first
  }
}
