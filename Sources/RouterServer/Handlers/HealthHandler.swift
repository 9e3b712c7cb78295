import Hummingbird
import ServiceLifecycle

/// `GET /health`: 200 when requests can be served, 503 before and after.
///
/// A policy that breaks its promise makes the status `degraded`: requests are answered all the same.
struct HealthHandler: Sendable {
  let slot: ModelSlot
  let watch: GuaranteeMonitor

  func report() throws -> Response {
    if Task.isShuttingDownGracefully {
      return try .json(HealthJSON(status: "shutting_down"), status: .serviceUnavailable)
    }
    switch slot.state {
    case .ready(let backend):
      let load = backend.load
      let isBroken = watch.report.standings.values.contains(where: \.isBroken)
      return try .json(
        HealthJSON(
          status: isBroken ? "degraded" : "ok", model: backend.card.name, active: load.active,
          queued: load.queued, audits: watch.share > 0 ? AuditsJSON(watch) : nil))
    case .loading:
      return try .json(HealthJSON(status: "loading"), status: .serviceUnavailable)
    case .failed(let reason):
      return try .json(HealthJSON(status: "failed", reason: reason), status: .serviceUnavailable)
    }
  }
}
