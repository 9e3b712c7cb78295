import Foundation
import Synchronization

/// The engine's thread and its queue.
///
/// `@unchecked Sendable`: the mutable fields are guarded by `condition`.
final class EngineWorker: @unchecked Sendable {
  private let sequenceLimit: Int
  private let queueLimit: Int
  private let condition = NSCondition()
  private var queue: [EngineJob] = []
  /// What to do while there is no request.
  private var audits: [AuditJob] = []
  private var activeCount = 0
  private var isClosed = false
  private var isStopped = false

  init(sequenceLimit: Int, queueLimit: Int) {
    self.sequenceLimit = sequenceLimit
    self.queueLimit = queueLimit
  }

  func enqueue(_ job: EngineJob) throws(GenerationError) {
    condition.lock()
    defer { condition.unlock() }
    guard !isClosed else {
      throw GenerationError(
        .shuttingDown, "the engine is shutting down", remedy: "Send the request to another instance.")
    }
    // Whoever has gone away holds no place. A free place takes the next request at once, so that one holds none.
    queue.removeAll { $0.isCancelled }
    guard queue.count < queueLimit + max(0, sequenceLimit - activeCount) else {
      throw GenerationError(
        .overloaded, "\(queue.count) requests are waiting", remedy: "Try again in a few seconds.")
    }
    queue.append(job)
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

  /// The thread's life: admit, advance each sequence by one step, until stopped; audit while there is nothing
  /// else.
  func work() {
    var active: [(job: EngineJob, generation: Generation)] = []
    var audit: (job: AuditJob, audit: OngoingAudit)?
    while let admitted = admit(active: active.count, isAuditing: audit != nil) {
      if active.isEmpty && admitted.isEmpty {
        audit = (audit ?? nextAudit()).flatMap { advance($0.job, $0.audit) ? $0 : nil }
        continue
      }
      for job in admitted {
        if let generation = start(job) { active.append((job, generation)) }
      }
      active.removeAll { !advance($0.job, $0.generation) }
    }
    for (job, generation) in active {
      job.continuation.yield(generation.cancel())
      job.continuation.finish()
    }
    audit?.job.abandon()
  }

  /// Waits for work and takes as many requests as may be active: none if an audit is all there is; nil when
  /// stopped.
  private func admit(active: Int, isAuditing: Bool) -> [EngineJob]? {
    condition.lock()
    defer { condition.unlock() }
    activeCount = active
    while active == 0 && queue.isEmpty && audits.isEmpty && !isAuditing && !isStopped { condition.wait() }
    if isStopped {
      for audit in audits { audit.abandon() }
      audits.removeAll()
      for job in queue {
        job.continuation.finish(
          throwing: GenerationError(
            .shuttingDown, "the engine shut down before the request began", remedy: "Send the request again.")
        )
      }
      queue.removeAll()
      activeCount = 0
      return nil
    }
    queue.removeAll { $0.isCancelled }
    let taken = Array(queue.prefix(max(0, sequenceLimit - active)))
    queue.removeFirst(taken.count)
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

  private func start(_ job: EngineJob) -> Generation? {
    do {
      return try Generation(job.request, on: job.model)
    } catch {
      job.continuation.finish(throwing: error)
      return nil
    }
  }

  /// Advances one sequence; false when it is over.
  private func advance(_ job: EngineJob, _ generation: Generation) -> Bool {
    if job.isCancelled { return false }
    do {
      for event in try generation.advance() { job.continuation.yield(event) }
    } catch {
      job.continuation.finish(throwing: error)
      return false
    }
    if generation.isFinished { job.continuation.finish() }
    return !generation.isFinished
  }
}
