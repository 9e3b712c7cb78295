import RouterDecoding

extension APIError {
  /// The refusal that an engine's error amounts to.
  init(_ error: GenerationError) {
    let message = "\(error.what.prefix(1).uppercased())\(error.what.dropFirst()). \(error.remedy)"
    switch error.code {
    case .invalidRequest, .policyMismatch:
      self = .invalid(error.parameter, message)
    case .contextOverflow:
      self = .contextLengthExceeded(message, parameter: error.parameter ?? "messages")
    case .overloaded:
      self.init(status: 429, kind: .rateLimit, message: message, code: "queue_full", retryAfter: 1)
    case .shuttingDown:
      self = .shuttingDown
    case .invalidTokenizer, .internalFailure:
      self = .internalFailure
    }
  }
}
