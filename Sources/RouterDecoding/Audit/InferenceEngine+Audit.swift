public import RouterExit

extension InferenceEngine {
  /// Audits that may wait.
  static let auditQueueLimit = 16

  /// Audits that have not begun.
  package var waitingAudits: Int { worker.waitingAudits }

  /// Checks an answer against full depth whenever no request has anything to do.
  ///
  /// A request that arrives meanwhile waits for one piece of work at most: a layer of a batch, or a token.
  /// - Parameters:
  ///   - answer: generated ids, an end-of-text token included, at least one.
  ///   - request: what was answered, with the limit of tokens under which it was.
  ///   - metric: how the two are compared; one that can be audited.
  /// - Throws: ``GenerationError`` `overloaded` if too many audits wait, `shuttingDown` if the engine ends or the
  ///   task is cancelled before the audit has, `invalidRequest` or `contextOverflow` if the model cannot read the
  ///   tokens.
  public func audit(
    _ answer: [Int32], to request: GenerationRequest, by metric: LossMetric
  ) async throws(GenerationError) -> AuditedAnswer {
    let interest = AuditJob.Interest()
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        worker.enqueue(
          AuditJob(
            question: AuditQuestion(request: request, answer: answer, metric: metric), model: model,
            interest: interest, continuation: continuation))
      }
    } onCancel: {
      interest.end()
      worker.wake()
    }
    return try result.get()
  }
}
