/// The body of `GET /health`.
struct HealthJSON: Encodable {
  /// `ok`, `degraded` (a policy breaks its promise), `loading`, `failed` or `shutting_down`.
  var status: String
  /// The model, once loaded.
  var model: String?
  /// Sequences that are being decoded.
  var active: Int?
  /// Sequences that wait.
  var queued: Int?
  /// Why loading failed.
  var reason: String?
  /// What audits have shown; absent if none are made.
  var audits: AuditsJSON?
}
