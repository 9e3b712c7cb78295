import RouterExit

/// An audit that is being made, in small pieces of work.
final class OngoingAudit {
  private let answer: [Int32]
  private let work: Work
  /// Full depth's own answer so far.
  private var own = GeneratedAnswer()

  private enum Work {
    /// Full depth reads the answer.
    case reading(AnswerAudit)
    /// Full depth gives its own.
    case repeating(Generation)
  }

  /// - Throws: ``GenerationError`` if the model cannot read prompt and answer, or cannot tell the loss alone.
  init(_ question: AuditQuestion, on language: LanguageModel) throws(GenerationError) {
    answer = question.answer
    switch question.metric {
    case .disagreement:
      work = .reading(try AnswerAudit(prompt: question.request.prompt, answer: answer, on: language))
    case .rougeL:
      var request = question.request
      // The same tokens as in mode full, sooner.
      (request.decoding, request.topLogprobs) = (.verify(), nil)
      work = .repeating(try Generation(request, on: language))
    case .exactMatch:
      throw GenerationError(
        .invalidRequest, "the model alone cannot tell the loss \(question.metric.rawValue)",
        parameter: "metric", remedy: "Audit by disagreement or rouge-l.")
    }
  }

  /// Does one piece of work: a layer of a batch, a batch of heads, or a token.
  ///
  /// - Returns: what was found, once all is done.
  /// - Throws: ``GenerationError`` if a token is outside the vocabulary.
  func advance() throws(GenerationError) -> AuditedAnswer? {
    switch work {
    case .reading(let audit):
      return try audit.advance().map(AuditedAnswer.init(agreements:))
    case .repeating(let generation):
      for event in try generation.advance() { own.append(event) }
      guard generation.isFinished else { return nil }
      // An answer has its end-of-text token, as in calibration.
      return AuditedAnswer(loss: TokenDistance.rouge(own.idsWithEnd, answer), tokenCount: answer.count)
    }
  }
}
