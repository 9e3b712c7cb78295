import RouterExit

/// An audit that is being made, in small pieces of work.
final class AuditRun {
  private let answer: [Int32]
  private let work: Work
  /// Ids of full depth's own answer so far.
  private var ids: [Int32] = []

  private enum Work {
    /// Full depth reads the answer.
    case reading(AnswerAudit)
    /// Full depth gives its own.
    case repeating(Generation)
  }

  /// - Throws: ``GenerationError`` if the model cannot read prompt and answer.
  init(_ question: AuditQuestion, on language: LanguageModel) throws(GenerationError) {
    answer = question.answer
    switch question.measure {
    case .disagreement:
      work = .reading(try AnswerAudit(prompt: question.request.prompt, answer: answer, on: language))
    case .rougeL:
      var request = question.request
      // The same tokens as in mode full, sooner.
      (request.decoding, request.topLogprobs) = (.verify(), nil)
      work = .repeating(try Generation(request, on: language))
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
      for event in try generation.advance() {
        switch event {
        case .token(let token): ids.append(token.id)
        // An answer has its end-of-text token, as in calibration.
        case .finished(let summary): if let end = summary.endOfText { ids.append(end.id) }
        }
      }
      guard generation.isFinished else { return nil }
      return AuditedAnswer(loss: TokenDistance.rouge(ids, answer), tokenCount: answer.count)
    }
  }
}

/// What an audit is asked: how far an answer to a request is from full depth's.
struct AuditQuestion: Sendable {
  /// With the limit of tokens under which the answer was given.
  let request: GenerationRequest
  /// Generated ids, an end-of-text token included, at least one.
  let answer: [Int32]
  let measure: AuditMeasure
}
