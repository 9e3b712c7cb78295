import Logging
import RouterCalibration
import RouterDecoding
import RouterExit
import Synchronization

/// Guarantee monitor: draws answers to audit, keeps what audits show, raises the alarm.
package final class GuaranteeMonitor: Sendable {
  /// Share of the answers that are drawn, 0...1.
  package let share: Double
  /// What an alarm does.
  package let reaction: AlarmReaction
  /// Answers to audit, oldest first; to be read once.
  let candidates: AsyncStream<AuditCandidate>

  private let sink: AsyncStream<AuditCandidate>.Continuation
  private let logger: Logger
  private let state = Mutex(State())

  private struct State {
    var policies: [String: AuditedPolicy] = [:]
    var guarantees: [String: PolicyGuarantee] = [:]
    var counts = AuditCounts()
  }

  /// Starts without audits.
  ///
  /// - Parameter queueLimit: answers that may wait; further ones are let go.
  package init(share: Double, reaction: AlarmReaction, queueLimit: Int, logger: Logger) {
    self.share = share
    self.reaction = reaction
    self.logger = logger
    (candidates, sink) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(queueLimit))
  }

  /// Draws some of the answers of a completion.
  ///
  /// - Parameter ids: generated ids of each choice, an end-of-text token included.
  func offer(_ call: CompletionCall, ids: [[Int32]]) {
    let decoding = call.settings.decoding
    guard share > 0, decoding.value.mode == .exit, let policy = decoding.policy else { return }
    for (request, ids) in zip(call.requests, ids) where Double.random(in: 0..<1) < share {
      offer(request, ids: ids, policy: policy.name, guarantee: policy.served.guarantee)
    }
  }

  /// Queues one answer that was drawn.
  package func offer(
    _ request: GenerationRequest, ids: [Int32], policy: String, guarantee: PolicyGuarantee?
  ) {
    state.withLock { state in
      do throws(AuditCandidate.Unfit) {
        let candidate = try AuditCandidate(
          policy: policy, request: request, ids: ids, guarantee: guarantee)
        state.guarantees[policy] = guarantee
        if case .enqueued = sink.yield(candidate) {
          state.counts.pending += 1
        } else {
          state.counts.dropped += 1
        }
      } catch {
        state.counts.unfit[error, default: 0] += 1
      }
    }
  }

  /// Takes what an audit found.
  package func record(_ found: AuditedAnswer, of candidate: AuditCandidate) {
    let broken = state.withLock { state -> AuditedPolicy? in
      state.counts.pending -= 1
      state.counts.done += 1
      var audited =
        state.policies[candidate.policy]
        ?? AuditedPolicy(guarantee: state.guarantees[candidate.policy])
      let breaks = audited.record(loss: found.loss, tokens: found.tokenCount)
      state.policies[candidate.policy] = audited
      return breaks ? audited : nil
    }
    if let broken { raiseAlarm(broken, policy: candidate.policy) }
  }

  /// Takes that an audit could not be finished.
  package func recordFailure(_ error: any Error, of candidate: AuditCandidate) {
    state.withLock { state in
      state.counts.pending -= 1
      if (error as? GenerationError)?.code == .overloaded {
        state.counts.dropped += 1
      } else {
        state.counts.failed += 1
      }
    }
    logger.debug("Audit not finished", metadata: ["policy": "\(candidate.policy)", "error": "\(error)"])
  }

  /// How each audited policy has done, by name, and what became of the answers.
  package var report: (policies: [String: AuditedPolicy], counts: AuditCounts) {
    state.withLock { ($0.policies, $0.counts) }
  }

  /// Policies whose requests run in another mode now, with that mode.
  package var fallbacks: [String: DecodingMode] {
    guard case .run(let mode) = reaction else { return [:] }
    return state.withLock { $0.policies.filter(\.value.isBroken).mapValues { _ in mode } }
  }

  private func raiseAlarm(_ audited: AuditedPolicy, policy: String) {
    let consequence =
      switch reaction {
      case .none: "its requests go on, without the promise"
      case .run(let mode): "its requests run in mode \(mode.rawValue) from now on"
      }
    logger.error(
      "The policy \(policy) breaks its promise: \(consequence). Recalibrate it with `router calibrate`.",
      metadata: [
        "policy": "\(policy)", "promised": "\(audited.guarantee?.risk ?? 0)",
        "measured": "\(rounded(audited.losses.mean ?? 0))",
        "at_least": "\(rounded(audited.losses.interval.lowerBound))",
        "confidence": "\(audited.losses.confidence)", "audits": "\(audited.losses.count)",
      ])
  }

  private func rounded(_ value: Double) -> Double { (value * 10_000).rounded() / 10_000 }
}
