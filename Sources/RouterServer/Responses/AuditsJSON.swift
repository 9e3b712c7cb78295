import RouterCalibration
import RouterDecoding
import RouterExit

/// What audits have shown, in the body of `GET /health`.
struct AuditsJSON: Encodable {
  /// One audited policy.
  struct Policy: Encodable {
    var policy: String
    /// What the loss is: `disagreement` or `rouge-l`.
    var metric: String
    /// Mean loss of the audited answers.
    var loss: Double?
    /// Where the expected loss lies, at every moment at once, with probability `confidence`.
    var interval: [Double]
    var confidence: Double
    var audited: Int
    var tokens: Int
    /// What calibration promised at most; absent if it promised nothing that audits can measure.
    var promised: Double?
    /// `kept`: not known to be broken; absent without a promise.
    var promise: String?

    private enum CodingKeys: String, CodingKey {
      case policy, metric, loss, interval, confidence, audited, tokens, promised, promise
    }

    init(_ results: AuditedPolicy, policy: String) {
      self.policy = policy
      let bounds = results.losses.interval
      metric = results.metric.rawValue
      loss = results.losses.mean
      interval = [bounds.lowerBound, bounds.upperBound]
      confidence = results.losses.confidence
      audited = results.losses.count
      tokens = results.tokenCount
      promised = results.guarantee?.risk
      promise = results.guarantee.map { _ in results.isBroken ? "broken" : "kept" }
    }
  }

  /// Share of the answers that are drawn for an audit.
  var share: Double
  var pending: Int
  var done: Int
  var dropped: Int
  var failed: Int
  /// Answers that were drawn and show nothing, by reason.
  var unfit: [String: Int]
  var policies: [Policy]
  /// Mode in which requests of policies with a broken promise run; absent if none do.
  var fallback: String?

  init(_ monitor: GuaranteeMonitor) {
    let (audited, counts) = monitor.report
    share = monitor.share
    (pending, done, dropped, failed) = (counts.pending, counts.done, counts.dropped, counts.failed)
    unfit = Dictionary(uniqueKeysWithValues: counts.unfit.map { ($0.key.rawValue, $0.value) })
    policies = audited.sorted { $0.key < $1.key }.map { Policy($0.value, policy: $0.key) }
    fallback = monitor.fallbacks.values.first?.rawValue
  }
}
