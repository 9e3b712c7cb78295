import Foundation
import Synchronization

/// Generates several sequences at once on a thread of its own, each a step in turn.
///
/// A request waits in a first-in-first-out queue until a place is free; active sequences advance round-robin,
/// a token or a batch of prompt each, so a long answer does not hold up a short one.
public final class InferenceEngine: Sendable {
  public let model: LanguageModel
  let worker: EngineWorker

  /// Starts the engine.
  ///
  /// - Parameters:
  ///   - sequences: sequences that advance at the same time, each with a key/value cache of its own.
  ///   - queueLimit: requests that may wait beyond those.
  public init(model: LanguageModel, sequences: Int = 4, queueLimit: Int = 64) {
    self.model = model
    worker = EngineWorker(sequenceLimit: max(1, sequences), queueLimit: max(0, queueLimit))
    let worker = worker
    let thread = Thread { worker.work() }
    thread.name = "router-engine"
    // Layers call down through few frames, but the default of a secondary thread is small on some systems.
    thread.stackSize = 4 << 20
    thread.start()
  }

  deinit { worker.stop() }

  /// Queues a request and returns its events.
  ///
  /// Dropping the stream, or cancelling the task that reads it, cancels the sequence.
  /// - Throws: ``GenerationError`` `invalidRequest`, `contextOverflow`, `policyMismatch`, `overloaded` or
  ///   `shuttingDown`; nothing is queued then.
  public func submit(
    _ request: GenerationRequest
  ) throws(GenerationError) -> AsyncThrowingStream<GenerationEvent, any Error> {
    try request.validate(for: model)
    let (stream, continuation) = AsyncThrowingStream<GenerationEvent, any Error>.makeStream()
    let job = EngineJob(request: request, model: model, continuation: continuation)
    continuation.onTermination = { _ in job.cancel() }
    try worker.enqueue(job)
    return stream
  }

  /// Active sequences and requests in the queue.
  public var load: (active: Int, queued: Int) { worker.load }

  /// Takes no more requests, waits until those it has are done or `grace` has passed, then cancels the rest.
  public func shutDown(grace: Duration) async {
    worker.close()
    let deadline = ContinuousClock.now + grace
    while worker.load != (0, 0) && ContinuousClock.now < deadline {
      do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
    }
    worker.stop()
  }
}
