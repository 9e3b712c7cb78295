import Metrics
import RouterCalibration
import RouterDecoding
import RouterExit
import Synchronization

/// What the server reports, in `GET /metrics` and to the program's swift-metrics backend, if it has one.
///
/// | label | kind | dimensions |
/// |---|---|---|
/// | `router_requests` | counter | `endpoint`, `status` |
/// | `router_request_seconds` | distribution | `endpoint` |
/// | `router_prompt_tokens`, `router_cached_prompt_tokens`, `router_completion_tokens` | counters | |
/// | `router_answers` | counter: answers by how they came about | `mode`, `policy`, `point` of the policy's path, `chosen_by`: `request`, `load` |
/// | `router_depth` | distribution: mean layers per token of an answer | |
/// | `router_prefill_seconds`, `router_decode_seconds` | distributions | |
/// | `router_sequences` | gauge | `state`: `active`, `queued` |
/// | `router_time_to_first_token_seconds`, `router_time_between_tokens_seconds` | distributions | |
/// | `router_sweep_rows`, `router_sweep_seconds` | distributions: rows that went up the layers together | |
/// | `router_prompt_rows` | counter: of those, prompt tokens | |
/// | `router_kv_pages` | gauge | `state`: `held`, `promised`, `idle`, `shared`, `limit` |
/// | `router_preemptions`, `vllm:num_preemptions` | counters: sequences that gave their pages back for a while | |
/// | `router_kept_prefixes`, `router_kept_prefix_pages` | gauges: named prefixes and the pages that they hold | |
/// | `router_kept_prefix_pages_limit` | gauge | |
/// | `router_kv_bytes` | gauge: memory that pages have taken | |
/// | `vllm:num_requests_running`, `vllm:num_requests_waiting`, `vllm:kv_cache_usage_perc` | gauges, as vLLM names them, for gateways and dashboards | |
/// | `router_draft_tokens` | counter: drafted tokens | `result`: `accepted`, `rejected` |
/// | `router_verification_rounds` | counter: passes that verified drafts | |
/// | `router_head_screen_tokens` | counter | `result`: `screened`, `fallback` |
/// | `router_head_screen_rescored_rows` | counter | |
/// | `router_head_screen_bytes` | gauge | |
/// | `router_audits` | counter: audited answers | `policy` |
/// | `router_audit_tokens` | counter | `policy` |
/// | `router_audits_unfit` | counter | `reason`: `sampled`, `max_exit`, `empty` |
/// | `router_audits_dropped`, `router_audits_failed` | counters | |
/// | `router_audits_pending` | gauge | |
/// | `router_realised_risk`, `router_realised_risk_lower`, `router_realised_risk_upper` | gauges | `policy` |
/// | `router_promised_risk`, `router_promise_broken` | gauges: epsilon; 0 or 1 | `policy` |
struct ServerMetrics: Sendable {
  private let registry: MetricsRegistry
  private let factory: any MetricsFactory
  private let promptTokens: Counter
  private let cachedTokens: Counter
  private let completionTokens: Counter
  private let depth: Recorder
  private let prefill: Recorder
  private let decode: Recorder
  private let firstToken: Recorder
  private let betweenTokens: Recorder
  private let sweepRows: Recorder
  private let sweepSeconds: Recorder
  private let promptRows: Counter
  private let preemptions: [Counter]
  private let snapshot: Snapshot

  /// What counters that others keep stood at when they were last reported.
  private final class Snapshot: Sendable {
    private let totals = Mutex<[String: Int]>([:])

    /// What has been added to a total since it was last asked for.
    func growth(of key: String, to total: Int) -> Int {
      totals.withLock { totals in
        let growth = total - totals[key, default: 0]
        totals[key] = total
        return max(growth, 0)
      }
    }
  }

  init(registry: MetricsRegistry = MetricsRegistry()) {
    self.registry = registry
    let factory = MultiplexMetricsHandler(factories: [registry, MetricsSystem.factory])
    self.factory = factory
    promptTokens = Counter(label: "router_prompt_tokens", factory: factory)
    cachedTokens = Counter(label: "router_cached_prompt_tokens", factory: factory)
    completionTokens = Counter(label: "router_completion_tokens", factory: factory)
    depth = Recorder(label: "router_depth", factory: factory)
    prefill = Recorder(label: "router_prefill_seconds", factory: factory)
    decode = Recorder(label: "router_decode_seconds", factory: factory)
    firstToken = Recorder(label: "router_time_to_first_token_seconds", factory: factory)
    betweenTokens = Recorder(label: "router_time_between_tokens_seconds", factory: factory)
    sweepRows = Recorder(label: "router_sweep_rows", factory: factory)
    sweepSeconds = Recorder(label: "router_sweep_seconds", factory: factory)
    promptRows = Counter(label: "router_prompt_rows", factory: factory)
    preemptions = ["router_preemptions", "vllm:num_preemptions"].map { Counter(label: $0, factory: factory) }
    snapshot = Snapshot()
  }

  /// Everything so far, as Prometheus reads it.
  var text: String { registry.text }

  /// Records an answered request.
  func request(endpoint: String, status: Int, duration: Duration) {
    Counter(
      label: "router_requests", dimensions: [("endpoint", endpoint), ("status", String(status))],
      factory: factory
    ).increment()
    Recorder(label: "router_request_seconds", dimensions: [("endpoint", endpoint)], factory: factory)
      .record(duration.seconds)
  }

  /// Records a finished completion.
  func completion(_ usage: Usage, summaries: [GenerationSummary]) {
    promptTokens.increment(by: usage.promptTokens)
    cachedTokens.increment(by: usage.cachedTokens)
    completionTokens.increment(by: usage.completionTokens)
    if let meanDepth = usage.meanDepth { depth.record(meanDepth) }
    for summary in summaries {
      prefill.record(summary.prefillSeconds)
      decode.record(summary.decodeSeconds)
      if let drafting = summary.drafting { record(drafting) }
    }
  }

  /// Records how answers came about.
  func answers(_ count: Int, decoding: DecodingChoice) {
    let labels = [
      ("mode", decoding.value.mode.rawValue), ("policy", decoding.policy?.name ?? ""),
      ("point", decoding.value.plan?.point.map(String.init) ?? ""),
      ("chosen_by", decoding.isAutomatic ? "load" : "request"),
    ]
    Counter(label: "router_answers", dimensions: labels, factory: factory).increment(by: count)
  }

  private func record(_ summary: DraftingSummary) {
    let rejected = max(summary.drafted - summary.accepted, 0)
    for (result, count) in [("accepted", summary.accepted), ("rejected", rejected)] {
      Counter(label: "router_draft_tokens", dimensions: [("result", result)], factory: factory)
        .increment(by: count)
    }
    Counter(label: "router_verification_rounds", factory: factory).increment(by: summary.rounds)
  }

  /// Records how busy the engine is.
  func load(_ load: BackendLoad) {
    set("router_sequences", Double(load.active), [("state", "active")])
    set("router_sequences", Double(load.queued), [("state", "queued")])
    set("vllm:num_requests_running", Double(load.active))
    set("vllm:num_requests_waiting", Double(load.queued))
  }

  /// Records the memory of keys and values.
  func keyValues(_ memory: KeyValueMemory) {
    set("router_kv_pages", Double(memory.heldPages), [("state", "held")])
    set("router_kv_pages", Double(memory.promisedPages), [("state", "promised")])
    set("router_kv_pages", Double(memory.idlePages), [("state", "idle")])
    set("router_kv_pages", Double(memory.sharedPages), [("state", "shared")])
    set("router_kv_pages", Double(memory.pageLimit), [("state", "limit")])
    set("router_kv_bytes", Double(memory.byteCount))
    set("vllm:kv_cache_usage_perc", memory.share)
  }

  /// Records what kept prefixes take.
  func prefixes(_ usage: PrefixUsage) {
    set("router_kept_prefixes", Double(usage.count))
    set("router_kept_prefix_pages", Double(usage.pages))
    set("router_kept_prefix_pages_limit", Double(usage.pageLimit))
  }

  /// Records a token's time: after the request for the first, after the token before it for the others.
  func token(seconds: Double, isFirst: Bool) { (isFirst ? firstToken : betweenTokens).record(seconds) }

  /// Records a sweep.
  func sweep(_ report: SweepReport) {
    sweepRows.record(report.rows + report.promptRows)
    sweepSeconds.record(report.seconds)
    promptRows.increment(by: report.promptRows)
    for counter in preemptions { counter.increment(by: report.preemptions) }
  }

  /// Records what the screen of the head has done.
  func headScreen(_ counters: HeadScreenCounters) {
    total("router_head_screen_tokens", counters.screened, [("result", "screened")])
    total("router_head_screen_tokens", counters.fallbacks, [("result", "fallback")])
    total("router_head_screen_rescored_rows", counters.rescoredRows)
    set("router_head_screen_bytes", Double(counters.byteCount))
  }

  /// Records what audits have shown.
  func audits(_ monitor: GuaranteeMonitor) {
    let (policies, counts) = monitor.report
    for (policy, audited) in policies {
      let of = [("policy", policy)]
      total("router_audits", audited.losses.count, of)
      total("router_audit_tokens", audited.tokenCount, of)
      let interval = audited.losses.interval
      set("router_realised_risk", audited.losses.mean ?? 0, of)
      set("router_realised_risk_lower", interval.lowerBound, of)
      set("router_realised_risk_upper", interval.upperBound, of)
      if let guarantee = audited.guarantee {
        set("router_promised_risk", guarantee.risk, of)
        set("router_promise_broken", audited.isBroken ? 1 : 0, of)
      }
    }
    for (reason, count) in counts.unfit {
      total("router_audits_unfit", count, [("reason", reason.rawValue)])
    }
    total("router_audits_dropped", counts.dropped)
    total("router_audits_failed", counts.failed)
    set("router_audits_pending", Double(counts.pending))
  }

  private func set(_ label: String, _ value: Double, _ dimensions: [(String, String)] = []) {
    Meter(label: label, dimensions: dimensions, factory: factory).set(value)
  }

  private func total(_ label: String, _ value: Int, _ dimensions: [(String, String)] = []) {
    let key = dimensions.reduce(label) { "\($0) \($1.1)" }
    Counter(label: label, dimensions: dimensions, factory: factory)
      .increment(by: snapshot.growth(of: key, to: value))
  }
}
