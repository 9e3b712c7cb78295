/// The body of `GET /health`.
struct HealthJSON: Encodable {
  /// `ok`, `loading`, `failed` or `shutting_down`.
  var status: String
  /// The model, once loaded.
  var model: String?
  /// Sequences that are being decoded.
  var active: Int?
  /// Sequences that wait.
  var queued: Int?
  /// Why loading failed.
  var reason: String?
}
