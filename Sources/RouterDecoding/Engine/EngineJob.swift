import Foundation
import Synchronization

/// One request on its way through the engine.
final class EngineJob: Sendable {
  let request: GenerationRequest
  let continuation: AsyncThrowingStream<GenerationEvent, any Error>.Continuation
  /// Where the keys and values of the prompt are left, if they are to be kept.
  let prefix: PrefixSlot?
  private let cancelled = Atomic(false)

  init(
    request: GenerationRequest,
    continuation: AsyncThrowingStream<GenerationEvent, any Error>.Continuation, prefix: PrefixSlot? = nil
  ) {
    self.request = request
    self.prefix = prefix
    self.continuation = continuation
  }

  func cancel() { cancelled.store(true, ordering: .relaxed) }
  var isCancelled: Bool { cancelled.load(ordering: .relaxed) }
}
