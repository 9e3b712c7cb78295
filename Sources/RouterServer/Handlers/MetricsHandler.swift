import Hummingbird

/// `GET /metrics`: counters, gauges and distributions as Prometheus reads them.
struct MetricsHandler: Sendable {
  let slot: ModelSlot
  let metrics: ServerMetrics
  let watch: GuaranteeMonitor

  func report() -> Response {
    if case .ready(let backend) = slot.state {
      metrics.load(backend.load)
      if let use = backend.headScreen { metrics.headScreen(use) }
    }
    if watch.share > 0 { metrics.audits(watch) }
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
