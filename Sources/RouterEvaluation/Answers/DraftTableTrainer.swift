import RouterDecoding
import RouterModel

/// Training texts of a draft table: runs texts through a model and notes what it says after each token of the answers.
package struct DraftTableTrainer {
  private let language: LanguageModel
  private let forcing: TeacherForcing

  package init(_ language: LanguageModel) {
    self.language = language
    forcing = TeacherForcing(language)
  }

  /// Texts of rows with answers, whoever wrote these; rows without one, or too long, are left out.
  ///
  /// - Parameters:
  ///   - limit: tokens of a text, prompt included, of which the rest is cut off.
  ///   - progress: receives the share of the rows that are done, 0 ... 1.
  /// - Throws: `EvaluationError` `noData` if nothing is left, `ModelError`.
  package func texts(
    of examples: [PromptExample], limit: Int, progress: (Double) -> Void = { _ in }
  ) throws -> [DraftTrainingText] {
    var texts: [DraftTrainingText] = []
    for (number, example) in examples.enumerated() {
      if let text = try language.scoredText(of: example, limit: min(limit, language.contextLength)) {
        texts.append(try trainingText(of: text))
      }
      progress(Double(number + 1) / Double(examples.count))
    }
    guard !texts.isEmpty else {
      throw EvaluationError(
        .noData, "no row has an answer within \(limit) tokens",
        remedy: "Give rows with answers, or allow longer texts with --text-tokens.")
    }
    return texts
  }

  private func trainingText(of text: ScoredText) throws -> DraftTrainingText {
    let said = try forcing.scores(of: text.tokens, scored: text.scored, exits: [language.model.layerCount])
    return DraftTrainingText(
      tokens: text.tokens, following: said.last.map { $0.map(\.argmax) } ?? [], first: text.scored.lowerBound)
  }
}
