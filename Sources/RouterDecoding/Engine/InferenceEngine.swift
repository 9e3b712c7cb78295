import Foundation
public import RouterExit
import RouterModel
import RouterTensor
import Synchronization

/// Generates many sequences at once on a thread of its own: one sweep through the layers for all of them.
///
/// A request waits in a first-in-first-out queue until there is a place and memory for its keys and values. Sequences
/// may differ in everything; what one says does not depend on its neighbours.
public final class InferenceEngine: Sendable {
  public let model: LanguageModel
  let worker: EngineWorker
  private let chooser = Mutex((chooser: WayChooser(), history: LoadHistory()))
  /// Pages of keys and values that prefixes may be kept in; a request has the others.
  package let prefixPageLimit: Int

  /// Sequences that advance together at most, unless told otherwise.
  public static let usualSequences = 64

  /// Starts the engine.
  ///
  /// - Parameters:
  ///   - sequences: sequences that advance together at most.
  ///   - queueLimit: requests that may wait beyond those.
  ///   - keyValueMemory: bytes that keys and values may take; nil for half of the memory that is free now. A sequence
  ///     is begun when its prompt fits, costs what it has reached, and gives its memory back for a while when older ones
  ///     need it.
  ///   - sharesPrefixes: whether requests begin with the keys and values that others of the same
  ///     ``GenerationRequest/prefixScope`` have left of the same beginning; they stay while nobody else needs the memory.
  public convenience init(
    model: LanguageModel, sequences: Int = usualSequences, queueLimit: Int = 64, keyValueMemory: Int? = nil,
    sharesPrefixes: Bool = true
  ) {
    self.init(
      model: model, sequences: sequences, queueLimit: queueLimit, keyValueMemory: keyValueMemory,
      sharesPrefixes: sharesPrefixes, keepsPrefixes: false)
  }

  /// Starts the engine.
  ///
  /// - Parameter keepsPrefixes: whether a ``PrefixStore`` may keep prefixes, in one of ``prefixShare`` parts of the memory;
  ///   only with `sharesPrefixes`.
  package init(
    model: LanguageModel, sequences: Int = usualSequences, queueLimit: Int = 64, keyValueMemory: Int? = nil,
    sharesPrefixes: Bool = true, keepsPrefixes: Bool
  ) {
    precondition(sharesPrefixes || !keepsPrefixes, "kept prefixes are shared")
    self.model = model
    let layout = KeyValueLayout(of: model.model)
    let memory = keyValueMemory ?? SystemMemory.available / 2
    let pool = KeyValuePool(layout, pageLimit: memory / layout.pageByteCount)
    prefixPageLimit = keepsPrefixes ? pool.pageLimit / Self.prefixShare : 0
    worker = EngineWorker(
      model, pool: pool, sequenceLimit: max(1, sequences), queueLimit: max(0, queueLimit),
      sharesPrefixes: sharesPrefixes)
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
    try submit(request, keeping: nil)
  }

  /// Queues a request and returns its events.
  ///
  /// - Parameter prefix: where the keys and values of its prompt are left when it has ended.
  /// - Throws: as ``submit(_:)``.
  func submit(
    _ request: GenerationRequest, keeping prefix: PrefixSlot?
  ) throws(GenerationError) -> AsyncThrowingStream<GenerationEvent, any Error> {
    try request.validate(for: model)
    // Kept prefixes stay, so that what waits for their pages would wait for ever.
    let room = (worker.pool.pageLimit - prefixPageLimit) * KeyValueLayout.pagePositions
    guard request.positions <= room else {
      throw GenerationError(
        .contextOverflow,
        "the request may take \(request.positions) positions of keys and values (\(request.prompt.count) for the "
          + "prompt, \(request.maximumTokens) for the answer), and there is memory for \(room)",
        parameter: "max_tokens",
        remedy: "Shorten the prompt, ask for fewer tokens, or give keys and values more memory.")
    }
    let (stream, continuation) = AsyncThrowingStream<GenerationEvent, any Error>.makeStream()
    let job = EngineJob(request: request, continuation: continuation, prefix: prefix)
    continuation.onTermination = { _ in job.cancel() }
    try worker.enqueue(job)
    return stream
  }

  /// Which of several ways to decode is expected to be done soonest at the load of this moment and the second before it,
  /// one request more included, from what sweeps of so many rows have cost here. The last choice stays until another is
  /// expected to take 3 % less time; one choice in 16 tries another way, to learn what it takes.
  ///
  /// - Parameter ways: at least one.
  /// - Returns: its index.
  public func choose(among ways: [Decoding]) -> Int {
    let load = worker.load
    return chooser.withLock { state in
      let expected = state.history.expect(sequences: load.active + load.queued + 1, at: .now)
      let times = model.timesPerToken(of: ways, sequences: min(expected, worker.sequenceLimit))
      return state.chooser.choose(among: ways.map(\.name), times: times)
    }
  }

  /// Active sequences and requests in the queue.
  public var load: (active: Int, queued: Int) { worker.load }

  /// The memory of keys and values at this moment.
  package var keyValueMemory: KeyValueMemory { KeyValueMemory(worker.pool.usage) }

  /// Has each sweep reported.
  ///
  /// - Parameters:
  ///   - traced: whether reports say which layers ran for whom, and what became of it.
  ///   - body: called on the engine's thread.
  package func observeSweeps(traced: Bool, _ body: @escaping @Sendable (SweepReport) -> Void) {
    worker.observe(traced: traced, body)
  }

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
