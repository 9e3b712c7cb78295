import Foundation
import Synchronization

/// One request on its way through the engine.
final class EngineJob: Sendable {
  let request: GenerationRequest
  let continuation: AsyncThrowingStream<GenerationEvent, any Error>.Continuation
  private let cancelled = Atomic(false)

  init(
    request: GenerationRequest,
    continuation: AsyncThrowingStream<GenerationEvent, any Error>.Continuation
  ) {
    self.request = request
    self.continuation = continuation
  }

  func cancel() { cancelled.store(true, ordering: .relaxed) }
  var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
}
