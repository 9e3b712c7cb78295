import ServiceLifecycle

/// Has the answers that were drawn audited, one after the other.
struct AuditService: Service {
  let holder: ModelHolder
  let monitor: GuaranteeMonitor

  func run() async throws {
    await cancelWhenGracefulShutdown {
      for await candidate in monitor.candidates {
        // There was a backend when the answer was given.
        guard case .ready(let backend) = holder.state else { continue }
        do {
          let found = try await backend.audit(
            candidate.answer, to: candidate.request, by: candidate.metric)
          monitor.record(found, of: candidate)
        } catch {
          monitor.recordFailure(error, of: candidate)
        }
      }
    }
  }
}
