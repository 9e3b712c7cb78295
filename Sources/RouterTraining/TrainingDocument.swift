/// One text to learn from, as token ids.
package struct TrainingDocument: Sendable, Equatable {
  /// The whole text: prompt and response.
  package let tokens: [Int32]
  /// The tokens that count: token i is predicted from the state at position i - 1.
  package let scored: Range<Int>

  /// Joins a text and the part of it that counts.
  ///
  /// - Throws: ``TrainingError`` `unusableData` if `scored` is empty, starts before the second token or ends
  ///   beyond the last.
  package init(tokens: [Int32], scored: Range<Int>) throws(TrainingError) {
    guard !scored.isEmpty, scored.lowerBound >= 1, scored.upperBound <= tokens.count else {
      throw TrainingError(
        .unusableData, "the tokens \(scored) of a text of \(tokens.count) cannot be learnt",
        remedy: "Score at least one token, each after another one.")
    }
    self.tokens = tokens
    self.scored = scored
  }
}
