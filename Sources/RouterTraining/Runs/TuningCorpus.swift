/// The documents of a tuning run, prompts masked, and what became of the rows that they were made of.
package struct TuningCorpus: Sendable {
  /// The document of one row.
  package struct Text: Sendable {
    package let document: TrainingDocument
    /// Tokens of the answer that were cut off.
    package let cutCount: Int

    /// Joins a document and what it lacks.
    package init(_ document: TrainingDocument, cutCount: Int) {
      self.document = document
      self.cutCount = cutCount
    }
  }

  /// The rows of some files.
  package struct Rows: Sendable {
    /// Paths of the files.
    package let paths: [String]
    /// In the order of the rows; nil for a row without an answer, or whose prompt is too long.
    package let texts: [Text?]

    /// Joins rows and where they are from.
    package init(paths: [String], texts: [Text?]) {
      self.paths = paths
      self.texts = texts
    }
  }

  /// What to learn.
  package let documents: [TrainingDocument]
  /// What to evaluate on; may be empty.
  package let heldOut: [TrainingDocument]
  /// What the user should know about the data, each a sentence.
  package let notes: [String]

  /// Collects documents.
  ///
  /// - Parameters:
  ///   - data: what to learn.
  ///   - heldOut: what to evaluate on; nil for nothing.
  ///   - limit: tokens at which texts were cut off.
  /// - Throws: ``TrainingError`` `unusableData` if no row has an answer that fits.
  package init(_ data: Rows, heldOut: Rows?, limit: Int) throws(TrainingError) {
    var notes: [String] = []
    documents = try Self.collect(data, "data", limit, &notes)
    self.heldOut = if let heldOut { try Self.collect(heldOut, "held-out data", limit, &notes) } else { [] }
    self.notes = notes
  }

  private static func collect(
    _ rows: Rows, _ label: String, _ limit: Int, _ notes: inout [String]
  ) throws(TrainingError) -> [TrainingDocument] {
    let texts = rows.texts.compactMap(\.self)
    guard !texts.isEmpty else {
      throw TrainingError(
        .unusableData, "no row of the \(label) has an answer within \(limit) tokens",
        at: rows.paths.joined(separator: ", "),
        remedy: "Give rows with answers, or allow longer texts with --text-tokens.")
    }
    let answers = texts.reduce(0) { $0 + $1.document.scored.count }
    let all = texts.reduce(0) { $0 + $1.document.tokens.count }
    notes.append("\(label): \(texts.count) texts, \(all) tokens, \(answers) of them in answers")
    let cut = texts.filter { $0.cutCount > 0 }
    if !cut.isEmpty {
      let lost = cut.reduce(0) { $0 + $1.cutCount }
      notes.append("\(label): \(cut.count) texts cut off at \(limit) tokens, \(lost) tokens lost")
    }
    let skipped = rows.texts.count - texts.count
    if skipped > 0 { notes.append("\(label): \(skipped) rows left out, without an answer or too long") }
    return texts.map(\.document)
  }
}
