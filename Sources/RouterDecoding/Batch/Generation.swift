/// One sequence being generated without an engine, a sweep at a time; used by one thread.
package final class Generation {
  private let batch: DecodingBatch
  private let sequence: DecodingSequence

  /// Prepares a sequence.
  ///
  /// - Throws: ``GenerationError`` if the request does not fit the model.
  package init(_ request: GenerationRequest, on language: LanguageModel) throws(GenerationError) {
    batch = DecodingBatch(language)
    sequence = try batch.add(request)
  }

  /// Whether the sequence has ended.
  package var isFinished: Bool { sequence.isFinished }

  /// Does one unit of work: a chunk of the prompt, or a sweep.
  ///
  /// - Returns: the tokens that it led to, and `finished` after the last.
  package func advance() throws(GenerationError) -> [GenerationEvent] {
    batch.sweep()
    return try sequence.takeEvents()
  }

  /// Ends the sequence where it is.
  package func cancel() -> GenerationEvent { sequence.cancel() }
}
