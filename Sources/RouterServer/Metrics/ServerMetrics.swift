import Metrics
import RouterDecoding

/// What the server reports through swift-metrics; a program without a metrics backend pays next to nothing.
///
/// | label | kind | dimensions |
/// |---|---|---|
/// | `router_requests` | counter | `endpoint`, `status` |
/// | `router_request_seconds` | distribution | `endpoint` |
/// | `router_prompt_tokens`, `router_completion_tokens` | counters | |
/// | `router_depth` | distribution: mean layers per token of an answer | |
/// | `router_prefill_seconds`, `router_decode_seconds` | distributions | |
/// | `router_sequences` | gauge | `state`: `active`, `queued` |
struct ServerMetrics: Sendable {
  private let promptTokens = Counter(label: "router_prompt_tokens")
  private let completionTokens = Counter(label: "router_completion_tokens")
  private let depth = Recorder(label: "router_depth")
  private let prefill = Recorder(label: "router_prefill_seconds")
  private let decode = Recorder(label: "router_decode_seconds")
  private let active = Gauge(label: "router_sequences", dimensions: [("state", "active")])
  private let queued = Gauge(label: "router_sequences", dimensions: [("state", "queued")])

  /// Records an answered request.
  func request(endpoint: String, status: Int, duration: Duration) {
    Counter(label: "router_requests", dimensions: [("endpoint", endpoint), ("status", String(status))])
      .increment()
    Recorder(label: "router_request_seconds", dimensions: [("endpoint", endpoint)]).record(duration.seconds)
  }

  /// Records a finished completion.
  func completion(_ usage: Usage, summaries: [GenerationSummary]) {
    promptTokens.increment(by: usage.promptTokens)
    completionTokens.increment(by: usage.completionTokens)
    if let meanDepth = usage.meanDepth { depth.record(meanDepth) }
    for summary in summaries {
      prefill.record(summary.prefillSeconds)
      decode.record(summary.decodeSeconds)
    }
  }

  /// Records how busy the engine is.
  func load(_ load: BackendLoad) {
    active.record(load.active)
    queued.record(load.queued)
  }
}
