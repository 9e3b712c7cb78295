import Hummingbird
import RouterCalibration
import ServiceLifecycle

/// `GET /health`: 200 when requests can be served, 503 before and after.
///
/// A policy that breaks its promise makes the status `degraded`: requests are answered all the same.
struct HealthHandler: Sendable {
  let holder: ModelHolder
  let monitor: GuaranteeMonitor

  func report() throws -> Response {
    if Task.isShuttingDownGracefully {
      return try .json(HealthJSON(status: "shutting_down"), status: .serviceUnavailable)
    }
    switch holder.state {
    case .ready(let backend):
      let load = backend.load
      let isBroken = monitor.report.policies.values.contains(where: \.isBroken)
      return try .json(
        HealthJSON(
          status: isBroken ? "degraded" : "ok", model: backend.card.name, active: load.active,
          queued: load.queued, audits: monitor.share > 0 ? AuditsJSON(monitor) : nil))
    case .loading:
      return try .json(HealthJSON(status: "loading"), status: .serviceUnavailable)
    case .failed(let reason):
      return try .json(HealthJSON(status: "failed", reason: reason), status: .serviceUnavailable)
    }
  }
}
