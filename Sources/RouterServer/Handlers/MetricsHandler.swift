import Hummingbird

/// `GET /metrics`: counters, gauges and distributions as Prometheus reads them.
struct MetricsHandler: Sendable {
  let holder: ModelHolder
  let metrics: ServerMetrics
  let monitor: GuaranteeMonitor

  func report() -> Response {
    if case .ready(let backend) = holder.state {
      metrics.load(backend.load)
      if let use = backend.headScreen { metrics.headScreen(use) }
      if let memory = backend.keyValues { metrics.keyValues(memory) }
      if let usage = backend.prefixes?.usage { metrics.prefixes(usage) }
    }
    if monitor.share > 0 { metrics.audits(monitor) }
    let body = ByteBuffer(string: metrics.text)
    return Response(
      status: .ok,
      headers: [
        .contentType: MetricsRegistry.mediaType, .contentLength: String(body.readableBytes),
        .cacheControl: "no-store",
      ],
      body: ResponseBody(byteBuffer: body))
  }
}
