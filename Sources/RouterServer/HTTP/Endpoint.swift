import Hummingbird

/// The paths of the server and the methods of each.
enum Endpoint: String, CaseIterable, Sendable {
  case chatCompletions = "/v1/chat/completions"
  case completions = "/v1/completions"
  case models = "/v1/models"
  case model = "/v1/models/**"
  case prefixes = "/v1/prefixes"
  case prefix = "/v1/prefixes/**"
  case health = "/health"
  case metrics = "/metrics"

  /// The methods that it answers.
  var methods: [HTTPRequest.Method] {
    switch self {
    case .chatCompletions, .completions: [.post]
    case .models, .model, .health, .metrics: [.get]
    case .prefixes: [.get, .post]
    case .prefix: [.get, .delete]
    }
  }

  /// The methods that clients may use on it.
  var allowedMethods: [String] {
    methods.flatMap { $0 == .get ? ["GET", "HEAD"] : [$0.rawValue] }
  }

  /// Whether it stands for whatever follows a path that is an endpoint itself.
  var isCatchAll: Bool { self == .model || self == .prefix }

  /// Whether machines ask it again and again.
  var isPolled: Bool { self == .health || self == .metrics }

  /// The endpoint of a request path.
  static func at(_ path: String) -> Endpoint? {
    for endpoint in allCases where endpoint.isCatchAll {
      let start = endpoint.rawValue.dropLast(2)
      if path.hasPrefix(start), path.count > start.count { return endpoint }
    }
    let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    return Endpoint(rawValue: trimmed)
  }
}
