/// A refusal as OpenAI's clients understand it: an HTTP status and an error object.
package struct APIError: Error, Sendable, Equatable {
  /// The `type` of the error object.
  package enum Kind: String, Sendable {
    /// The request has to change.
    case invalidRequest = "invalid_request_error"
    /// The request may be repeated later.
    case rateLimit = "rate_limit_error"
    /// The server is at fault, or not ready.
    case server = "server_error"
  }

  /// HTTP status.
  package let status: Int
  /// Class of the error.
  package let kind: Kind
  /// What is wrong and what to do about it.
  package let message: String
  /// The request field at fault, such as `messages[0].role`.
  package let parameter: String?
  /// Machine-readable reason.
  package let code: String?
  /// Seconds after which a retry makes sense.
  package let retryAfter: Int?
  /// Methods that the path does support, for status 405.
  package let allowedMethods: [String]

  /// Makes an error.
  package init(
    status: Int, kind: Kind, message: String, parameter: String? = nil, code: String? = nil,
    retryAfter: Int? = nil, allowedMethods: [String] = []
  ) {
    self.status = status
    self.kind = kind
    self.message = message
    self.parameter = parameter
    self.code = code
    self.retryAfter = retryAfter
    self.allowedMethods = allowedMethods
  }
}

extension APIError {
  /// 400: a field has a value that it cannot have.
  static func invalid(_ parameter: String?, _ message: String, code: String? = "invalid_value") -> APIError {
    APIError(status: 400, kind: .invalidRequest, message: message, parameter: parameter, code: code)
  }

  /// 400: a field of OpenAI's API that this server does not have.
  static func unsupported(_ parameter: String, _ message: String) -> APIError {
    .invalid(parameter, message, code: "unsupported_parameter")
  }

  /// 400: a field has the wrong JSON type.
  static func wrongType(_ parameter: String, expected: String) -> APIError {
    .invalid(parameter, "Invalid type for '\(parameter)': expected \(expected).", code: "invalid_type")
  }

  /// 400: prompt and answer do not fit into the context.
  static func contextLengthExceeded(_ message: String, parameter: String) -> APIError {
    .invalid(parameter, message, code: "context_length_exceeded")
  }

  /// 404: the server does not have that model.
  static func modelNotFound(_ name: String, served: String) -> APIError {
    APIError(
      status: 404, kind: .invalidRequest,
      message: "The model '\(name)' does not exist here; this server has '\(served)'.",
      parameter: "model", code: "model_not_found")
  }

  /// 503: the model is being loaded.
  static let loading = APIError(
    status: 503, kind: .server, message: "The model is being loaded. Try again shortly.",
    code: "model_loading", retryAfter: 1)

  /// 503: the server is about to leave.
  static let shuttingDown = APIError(
    status: 503, kind: .server, message: "The server is shutting down.", code: "shutting_down")

  /// 500: nothing that a client could do about, and nothing that it should see.
  static let internalFailure = APIError(
    status: 500, kind: .server, message: "The server failed to answer this request.",
    code: "internal_error")
}
