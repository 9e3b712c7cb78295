import RouterExit

/// What an audit found.
public struct AuditedAnswer: Sendable, Equatable {
  /// How far the answer is from full depth, in 0...1.
  public let loss: Double
  /// Tokens of the answer.
  public let tokenCount: Int

  /// Keeps what was found.
  package init(loss: Double, tokenCount: Int) {
    self.loss = loss
    self.tokenCount = tokenCount
  }

  /// Audits an answer here and now, without an engine.
  ///
  /// - Parameters:
  ///   - answer: generated ids, an end-of-text token included, at least one.
  ///   - request: what was answered, with the limit of tokens under which it was.
  ///   - metric: how the two are compared; one that can be audited.
  /// - Throws: ``GenerationError`` if the model cannot read prompt and answer, or cannot tell the loss alone.
  package init(
    _ answer: [Int32], to request: GenerationRequest, by metric: LossMetric, on language: LanguageModel
  ) throws(GenerationError) {
    let audit = try OngoingAudit(
      AuditQuestion(request: request, answer: answer, metric: metric), on: language)
    while true {
      if let found = try audit.advance() {
        self = found
        return
      }
    }
  }

  /// Keeps which tokens, at least one, full depth would have chosen after the same tokens.
  package init(agreements: [Bool]) {
    self.init(
      loss: Double(agreements.count { !$0 }) / Double(max(agreements.count, 1)), tokenCount: agreements.count)
  }
}
