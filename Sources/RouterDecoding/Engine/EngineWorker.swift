import Foundation
import RouterModel
import Synchronization

/// The engine's thread and its queue.
///
/// `@unchecked Sendable`: the mutable fields are guarded by `condition`.
final class EngineWorker: @unchecked Sendable {
  let pool: KeyValuePool
  private let model: LanguageModel
  let sequenceLimit: Int
  private let sharesPrefixes: Bool
  private let condition = NSCondition()
  private var queue: AdmissionQueue<EngineJob>
  /// What to do while there is no request.
  private var audits: [AuditJob] = []
  private var activeCount = 0
  private var rate = AnswerRate()
  private let observer = Mutex<SweepObserver?>(nil)
  private var isClosed = false
  private var isStopped = false

  init(
    _ model: LanguageModel, pool: KeyValuePool, sequenceLimit: Int, queueLimit: Int, sharesPrefixes: Bool
  ) {
    self.model = model
    self.pool = pool
    self.sequenceLimit = sequenceLimit
    self.sharesPrefixes = sharesPrefixes
    // Nobody waits for more who came later than may run at a time.
    queue = AdmissionQueue(limit: queueLimit, patience: sequenceLimit, isGone: \.isCancelled)
  }

  func enqueue(_ job: EngineJob) throws(GenerationError) {
    condition.lock()
    defer { condition.unlock() }
    guard !isClosed else {
      throw GenerationError(
        .shuttingDown, "the engine is shutting down", remedy: "Send the request to another instance.")
    }
    guard queue.append(job, free: sequenceLimit - activeCount) else {
      let seconds = rate.retryAfter
      throw GenerationError(
        .overloaded, "\(queue.count) requests are waiting",
        remedy: "Try again in \(seconds == 1 ? "a second" : "\(seconds) seconds").", retryAfter: seconds)
    }
    condition.signal()
  }

  /// Takes an audit, or answers it at once if there are too many.
  func enqueue(_ audit: AuditJob) {
    condition.lock()
    let isAccepted = !isClosed && audits.count < InferenceEngine.auditQueueLimit
    let isClosed = isClosed
    if isAccepted {
      audits.append(audit)
      condition.signal()
    }
    condition.unlock()
    if isAccepted { return }
    guard !isClosed else { return audit.abandon() }
    audit.end(
      .failure(
        GenerationError(
          .overloaded, "\(InferenceEngine.auditQueueLimit) audits are waiting", remedy: "Audit fewer answers."
        )))
  }

  /// Audits that have not begun.
  var waitingAudits: Int {
    condition.lock()
    defer { condition.unlock() }
    return audits.count
  }

  /// Has each sweep reported from now on.
  func observe(traced: Bool, _ body: @escaping @Sendable (SweepReport) -> Void) {
    observer.withLock { $0 = SweepObserver(isTraced: traced, body: body) }
  }

  /// Lets the thread look at what has changed.
  func wake() {
    condition.lock()
    condition.signal()
    condition.unlock()
  }

  var load: (active: Int, queued: Int) {
    condition.lock()
    defer { condition.unlock() }
    return (activeCount, queue.count)
  }

  func close() {
    condition.lock()
    isClosed = true
    condition.unlock()
  }

  func stop() {
    condition.lock()
    isClosed = true
    isStopped = true
    condition.signal()
    condition.unlock()
  }

  /// The thread's life: admit, sweep over all sequences, until stopped; audit while there is nothing else.
  func work() {
    let batch = DecodingBatch(model, pool: pool, sharesPrefixes: sharesPrefixes)
    var active: [(job: EngineJob, sequence: DecodingSequence)] = []
    var audit: (job: AuditJob, audit: OngoingAudit)?
    while let admitted = admit(
      active: active.count, isFull: batch.parkedCount > 0, isAuditing: audit != nil)
    {
      if active.isEmpty && admitted.isEmpty {
        audit = (audit ?? nextAudit()).flatMap { advance($0.job, $0.audit) ? $0 : nil }
        continue
      }
      for job in admitted {
        if let sequence = start(job, in: batch) { active.append((job, sequence)) }
      }
      active.removeAll { job, sequence in
        if job.isCancelled { batch.remove(sequence) }
        return job.isCancelled
      }
      guard !active.isEmpty else { continue }
      let observer = observer.withLock { $0 }
      batch.isTraced = observer?.isTraced ?? false
      let report = batch.sweep()
      active.removeAll { !deliver($0.sequence, to: $0.job) }
      observer?.body(report)
    }
    for (job, sequence) in active {
      job.continuation.yield(sequence.cancel())
      job.continuation.finish()
    }
    audit?.job.abandon()
  }

  /// Waits for work and takes the requests for which there is a place: none if an audit is all there is; nil when
  /// stopped.
  ///
  /// - Parameter isFull: whether sequences that have begun wait for memory.
  private func admit(active: Int, isFull: Bool, isAuditing: Bool) -> [EngineJob]? {
    condition.lock()
    defer { condition.unlock() }
    activeCount = active
    while active == 0 && queue.isEmpty && audits.isEmpty && !isAuditing && !isStopped {
      rate.pause()
      condition.wait()
    }
    if isStopped {
      for audit in audits { audit.abandon() }
      audits.removeAll()
      for job in queue.removeAll() {
        job.continuation.finish(
          throwing: GenerationError(
            .shuttingDown, "the engine shut down before the request began", remedy: "Send the request again.")
        )
      }
      activeCount = 0
      return nil
    }
    let taken = isFull ? [] : takeJobs(active: active)
    activeCount = active + taken.count
    return taken
  }

  /// The requests that begin now: those whose prompt fits, with a page more for each sequence, which it will soon need.
  /// The lock is held.
  private func takeJobs(active: Int) -> [EngineJob] {
    var taken: [EngineJob] = []
    var free = pool.usage.freePages
    while active + taken.count < sequenceLimit, !queue.isEmpty {
      let running = active + taken.count
      guard running == 0 || free > running else { break }
      func fits(_ job: EngineJob) -> Bool {
        running == 0 || KeyValueLayout.pageCount(for: job.request.prompt.count + 1) + running <= free
      }
      let job = queue.popNext(gain: { knownPages($0.request) }, if: fits)
      guard let job else { break }
      free -= KeyValueLayout.pageCount(for: job.request.prompt.count + 1)
      taken.append(job)
    }
    return taken
  }

  /// Pages of a request's beginning that are there.
  private func knownPages(_ request: GenerationRequest) -> Int {
    guard sharesPrefixes, let scope = request.prefixScope else { return 0 }
    let known = pool.knownCount(of: request.prompt, limit: request.prompt.count - 1, scope: scope)
    return known / KeyValueLayout.pagePositions
  }

  /// The audit that has waited longest, begun; nil if none can be.
  private func nextAudit() -> (job: AuditJob, audit: OngoingAudit)? {
    condition.lock()
    let job = audits.isEmpty ? nil : audits.removeFirst()
    condition.unlock()
    guard let job else { return nil }
    do throws(GenerationError) {
      return (job, try job.begin())
    } catch {
      job.end(.failure(error))
      return nil
    }
  }

  /// Advances an audit; false when it is over.
  private func advance(_ job: AuditJob, _ audit: OngoingAudit) -> Bool {
    if job.isCancelled {
      job.abandon()
      return false
    }
    do throws(GenerationError) {
      guard let found = try audit.advance() else { return true }
      job.end(.success(found))
    } catch {
      job.end(.failure(error))
    }
    return false
  }

  private func start(_ job: EngineJob, in batch: DecodingBatch) -> DecodingSequence? {
    do {
      let sequence = try batch.add(job.request)
      sequence.prefixSlot = job.prefix
      return sequence
    } catch {
      job.continuation.finish(throwing: error)
      return nil
    }
  }

  /// Hands out what a sweep led to; false when the sequence is over.
  private func deliver(_ sequence: DecodingSequence, to job: EngineJob) -> Bool {
    do {
      for event in try sequence.takeEvents() { job.continuation.yield(event) }
    } catch {
      job.continuation.finish(throwing: error)
      return false
    }
    guard sequence.isFinished else { return true }
    job.continuation.finish()
    condition.lock()
    rate.record(at: ContinuousClock.now)
    condition.unlock()
    return false
  }
}
