/// Why a model cannot be built or run as asked.
public struct ModelError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of problem it is.
  public enum Code: String, Sendable {
    /// A tensor's elements are not of a type that a weight can have.
    case unsupportedWeights
    /// The asked exit is not among the model's.
    case unknownExit
    /// More positions than the sequence has room for.
    case contextOverflow
    /// A token id outside the vocabulary.
    case unknownToken
    /// Keys and values have no memory left.
    case outOfPages
  }

  public let code: Code
  /// What happened, without a full stop.
  public let what: String
  /// A tensor or parameter; nil when `what` says it all.
  public let location: String?
  /// What to do about it, one sentence.
  public let remedy: String

  package init(_ code: Code, _ what: String, at location: String? = nil, remedy: String) {
    self.code = code
    self.what = what
    self.location = location
    self.remedy = remedy
  }

  /// "what (location). Remedy."
  public var description: String { "\(what)\(location.map { " (\($0))" } ?? ""). \(remedy)" }
}
