import RouterDecoding

extension DraftTrainingText {
  /// A text that the model goes on with as it is.
  static func own(_ tokens: [Int32]) -> DraftTrainingText {
    DraftTrainingText(tokens: tokens, following: tokens.dropFirst().map { $0 }, first: min(1, tokens.count))
  }
}
