import Foundation
import RouterModel
import Synchronization

/// The engine's thread and its queue.
///
/// `@unchecked Sendable`: the mutable fields are guarded by `condition`.
final class EngineWorker: @unchecked Sendable {
  let pool: KeyValuePool
  private let model: LanguageModel
  private let sequenceLimit: Int
  private let sharesPrefixes: Bool
  private let condition = NSCondition()
  private var queue: AdmissionQueue<EngineJob>
  /// What to do while there is no request.
  private var audits: [AuditJob] = []
  private var activeCount = 0
  private var rate = AnswerRate()
  private let observer = Mutex<(isTraced: Bool, body: @Sendable (SweepReport) -> Void)?>(nil)
  private var isClosed = false
  private var isStopped = false

  init(
    _ model: LanguageModel, pool: KeyValuePool, sequenceLimit: Int, queueLimit: Int, sharesPrefixes: Bool
  ) {
    self.model = model
    self.pool = pool
    self.sequenceLimit = sequenceLimit
    self.sharesPrefixes = sharesPrefixes
    queue = AdmissionQueue(limit: queueLimit, isGone: \.isCancelled)
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
    observer.withLock { $0 = (traced, body) }
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
    while let admitted = admit(active: active.count, isAuditing: audit != nil) {
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
  private func admit(active: Int, isAuditing: Bool) -> [EngineJob]? {
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
    var taken: [EngineJob] = []
    let usage = pool.usage
    var freePages = usage.pageLimit - usage.pagesHeld - usage.pagesPromised
    while active + taken.count < sequenceLimit {
      let job = queue.popFirst { job in
        KeyValueLayout.pageCount(for: job.request.positions) <= freePages
      }
      guard let job else { break }
      freePages -= KeyValueLayout.pageCount(for: job.request.positions)
      taken.append(job)
    }
    activeCount = active + taken.count
    return taken
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
      return try batch.add(job.request)
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
    job.prefix?.fill(from: sequence)
    job.continuation.finish()
    condition.lock()
    rate.record(at: ContinuousClock.now)
    condition.unlock()
    return false
  }
}
