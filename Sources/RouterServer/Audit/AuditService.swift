import ServiceLifecycle

/// Has the answers that were drawn audited, one after the other.
struct AuditService: Service {
  let slot: ModelSlot
  let watch: GuaranteeMonitor

  func run() async throws {
    await cancelWhenGracefulShutdown {
      for await candidate in watch.candidates {
        // There was a backend when the answer was given.
        guard case .ready(let backend) = slot.state else { continue }
        do {
          let found = try await backend.audit(
            candidate.answer, to: candidate.request, by: candidate.metric)
          watch.record(found, of: candidate)
        } catch {
          watch.recordFailure(error, of: candidate)
        }
      }
    }
  }
}
