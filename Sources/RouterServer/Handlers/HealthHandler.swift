import Hummingbird
import ServiceLifecycle

/// `GET /health`: 200 when requests can be served, 503 before and after.
struct HealthHandler: Sendable {
  let slot: ModelSlot

  func report() throws -> Response {
    if Task.isShuttingDownGracefully {
      return try .json(HealthJSON(status: "shutting_down"), status: .serviceUnavailable)
    }
    switch slot.state {
    case .ready(let backend):
      let load = backend.load
      return try .json(
        HealthJSON(status: "ok", model: backend.card.name, active: load.active, queued: load.queued))
    case .loading:
      return try .json(HealthJSON(status: "loading"), status: .serviceUnavailable)
    case .failed(let reason):
      return try .json(HealthJSON(status: "failed", reason: reason), status: .serviceUnavailable)
    }
  }
}
