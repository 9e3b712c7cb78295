import Synchronization

/// One audit on its way through the engine; the thread that takes it answers it exactly once.
final class AuditJob: Sendable {
  /// Whether anybody still waits for the answer.
  final class Interest: Sendable {
    private let lost = Atomic(false)
    func end() { lost.store(true, ordering: .relaxed) }
    var isLost: Bool { lost.load(ordering: .relaxed) }
  }

  private let question: AuditQuestion
  private let model: LanguageModel
  private let interest: Interest
  private let continuation: CheckedContinuation<Result<AuditedAnswer, GenerationError>, Never>

  init(
    question: AuditQuestion, model: LanguageModel, interest: Interest,
    continuation: CheckedContinuation<Result<AuditedAnswer, GenerationError>, Never>
  ) {
    self.question = question
    self.model = model
    self.interest = interest
    self.continuation = continuation
  }

  var isCancelled: Bool { interest.isLost }

  func begin() throws(GenerationError) -> OngoingAudit { try OngoingAudit(question, on: model) }

  func end(_ result: Result<AuditedAnswer, GenerationError>) { continuation.resume(returning: result) }

  /// Ends without a result.
  func abandon() {
    end(
      .failure(
        GenerationError(
          .shuttingDown, "the audit was given up", remedy: "Nothing was lost but a measurement.")))
  }
}
