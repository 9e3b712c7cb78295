import RouterDecoding

extension APIError {
  /// The refusal that an engine's error amounts to.
  ///
  /// - Parameter parameter: the request's name of the field at fault; `nil` for the error's own.
  init(_ error: GenerationError, parameter: String? = nil) {
    let message = "\(error.what.prefix(1).uppercased())\(error.what.dropFirst()). \(error.remedy)"
    let parameter = parameter ?? error.parameter
    switch error.code {
    case .invalidRequest, .policyMismatch:
      self = .invalid(parameter, message)
    case .contextOverflow:
      self = .contextLengthExceeded(message, parameter: parameter ?? "messages")
    case .overloaded:
      self.init(
        status: 429, kind: .rateLimit, message: message, code: "queue_full",
        retryAfter: error.retryAfter ?? 1)
    case .shuttingDown:
      self = .shuttingDown
    case .invalidTokenizer, .internalFailure:
      self = .internalFailure
    }
  }
}
