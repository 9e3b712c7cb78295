import RouterDecoding
import RouterEvaluation
import RouterTraining

/// The documents of a tuning run, prompts masked.
struct TuningTexts {
  let documents: [TrainingDocument]
  let heldOut: [TrainingDocument]
  /// What the user should know about the data, each a sentence.
  let notes: [String]

  /// - Parameters:
  ///   - data: what to learn.
  ///   - heldOut: what to evaluate on; may be empty.
  ///   - limit: tokens of a text at most.
  /// - Throws: `EvaluationError` `noData` if no row has an answer that fits.
  init(
    _ data: [Dataset], heldOut: [Dataset], template: PromptTemplate, limit: Int,
    for language: LanguageModel
  ) throws {
    var notes: [String] = []
    let limit = min(limit, language.contextLength)
    func documents(_ files: [Dataset], _ label: String) throws -> [TrainingDocument] {
      var (cut, cutTokens, skipped) = (0, 0, 0)
      let documents = try files.flatMap(\.rows).compactMap { row -> TrainingDocument? in
        guard let text = try language.scoredText(of: row, template: template, limit: limit) else {
          skipped += 1
          return nil
        }
        if text.cutCount > 0 { (cut, cutTokens) = (cut + 1, cutTokens + text.cutCount) }
        return try TrainingDocument(tokens: text.tokens, scored: text.scored)
      }
      guard !documents.isEmpty else {
        throw EvaluationError(
          .noData, "no row of the \(label) has an answer within \(limit) tokens",
          at: files.map(\.path).joined(separator: ", "),
          remedy: "Give rows with answers, or allow longer texts with --text-tokens.")
      }
      let answers = documents.reduce(0) { $0 + $1.scored.count }
      let all = documents.reduce(0) { $0 + $1.tokens.count }
      notes.append("\(label): \(documents.count) texts, \(all) tokens, \(answers) of them in answers")
      if cut > 0 {
        notes.append("\(label): \(cut) texts cut off at \(limit) tokens, \(cutTokens) tokens lost")
      }
      if skipped > 0 { notes.append("\(label): \(skipped) rows left out, without an answer or too long") }
      return documents
    }
    self.documents = try documents(data, "data")
    self.heldOut = heldOut.isEmpty ? [] : try documents(heldOut, "held-out data")
    self.notes = notes
  }
}
