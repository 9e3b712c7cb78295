/// An answer as its generation's events have told it so far: the one way to gather events.
package struct GeneratedAnswer: Sendable, Equatable {
  /// Generated ids, without an end-of-text token.
  package private(set) var ids: [Int32] = []
  /// Layers executed for each of ``ids``.
  package private(set) var depths: [Int] = []
  /// What the policy measured where it let each of ``ids`` go; nil where it measured nothing.
  package private(set) var confidences: [Float?] = []
  /// Text released so far; once the answer is finished, with what was held back and belongs to it.
  package private(set) var text = ""
  /// How it ended; nil while it goes on.
  package private(set) var summary: GenerationSummary?

  /// Starts without tokens.
  package init() {}

  /// Generates an answer here and now, without an engine.
  ///
  /// - Throws: ``GenerationError`` if the request does not fit the model.
  package init(_ request: GenerationRequest, on language: LanguageModel) throws(GenerationError) {
    let generation = try Generation(request, on: language)
    while !generation.isFinished {
      for event in try generation.advance() { append(event) }
    }
  }

  /// Takes the next event in.
  package mutating func append(_ event: GenerationEvent) {
    switch event {
    case .token(let token):
      ids.append(token.id)
      depths.append(token.depth)
      confidences.append(token.confidence)
      text += token.text
    case .finished(let summary):
      text += summary.trailingText
      self.summary = summary
    }
  }

  /// Generated ids with the end-of-text token, if one ended the answer: what losses compare.
  package var idsWithEnd: [Int32] { ids + (summary?.endOfText.map { [$0.id] } ?? []) }

  /// Layers executed for each of ``idsWithEnd``.
  package var depthsWithEnd: [Int] { depths + (summary?.endOfText.map { [$0.depth] } ?? []) }

  /// Layers executed for all of ``ids``.
  package var depthSum: Int { depths.reduce(0, +) }

  /// Mean number of layers executed per token; nil before the first.
  package var meanDepth: Double? { ids.isEmpty ? nil : Double(depthSum) / Double(ids.count) }
}
