import Hummingbird

/// The paths of the server and the method of each.
enum Endpoint: String, CaseIterable, Sendable {
  case chatCompletions = "/v1/chat/completions"
  case completions = "/v1/completions"
  case models = "/v1/models"
  case model = "/v1/models/**"
  case health = "/health"
  case metrics = "/metrics"

  /// The method that it answers.
  var method: HTTPRequest.Method {
    switch self {
    case .chatCompletions, .completions: .post
    case .models, .model, .health, .metrics: .get
    }
  }

  /// The methods that clients may use on it.
  var allowedMethods: [String] {
    method == .get ? ["GET", "HEAD"] : [method.rawValue]
  }

  /// Whether machines ask it again and again.
  var isPolled: Bool { self == .health || self == .metrics }

  /// The endpoint of a request path.
  static func at(_ path: String) -> Endpoint? {
    let prefix = "/v1/models/"
    if path.hasPrefix(prefix), path.count > prefix.count { return .model }
    let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    return Endpoint(rawValue: trimmed)
  }
}
