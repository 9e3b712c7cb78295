/// Why text cannot be generated as asked.
public struct GenerationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of problem it is.
  public enum Code: String, Sendable {
    /// A value of the request is out of range or contradicts another.
    case invalidRequest
    /// Prompt and new tokens exceed the model's context.
    case contextOverflow
    /// The queue is full.
    case overloaded
    /// The engine takes no new requests.
    case shuttingDown
    /// The policy does not fit the model.
    case policyMismatch
    /// The checkpoint's tokenizer cannot be used.
    case invalidTokenizer
    /// The model gave no usable number.
    case internalFailure
  }

  public let code: Code
  /// What happened, without a full stop.
  public let what: String
  /// The offending field of the request, if one is to blame.
  public let parameter: String?
  /// What to do about it, one sentence.
  public let remedy: String

  /// Seconds after which the same request may be taken, by the rate of the last answers; nil if time does not help.
  public let retryAfter: Int?

  /// Creates an error.
  public init(
    _ code: Code, _ what: String, parameter: String? = nil, remedy: String, retryAfter: Int? = nil
  ) {
    self.code = code
    self.what = what
    self.parameter = parameter
    self.remedy = remedy
    self.retryAfter = retryAfter
  }

  /// "what (parameter). Remedy."
  public var description: String { "\(what)\(parameter.map { " (\($0))" } ?? ""). \(remedy)" }
}
