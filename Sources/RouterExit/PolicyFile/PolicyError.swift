/// Why a policy cannot be read, written, built or used with a model.
public struct PolicyError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of problem it is.
  public enum Code: String, Sendable {
    /// The file cannot be read.
    case unreadable
    /// The file cannot be written.
    case unwritable
    /// The file is larger than ``PolicyFile/maximumByteCount``.
    case tooLarge
    /// The text is not JSON, or nested too deeply.
    case malformed
    /// A required field is absent.
    case missingField
    /// A field that this format does not have, or that does not belong to this kind of policy.
    case unknownField
    /// A field has the wrong JSON type.
    case wrongType
    /// A field has a value outside its range.
    case invalidValue
    /// `format` names a version that this program does not read.
    case unsupportedFormat
    /// `kind`, an estimator, a decoder mode or a method that this program does not have.
    case unsupportedKind
    /// The policy was calibrated for another model.
    case modelMismatch
    /// The policy names exits that the model does not have.
    case exitMismatch
  }

  /// What kind of problem it is.
  public let code: Code

  /// What happened, one sentence without a final stop.
  public let what: String

  /// Where: a file, a JSON path such as `$.thresholds[2]`, or both; `nil` when `what` says it all.
  public let location: String?

  /// What to do about it, one sentence with its stop.
  public let remedy: String

  /// Creates an error.
  public init(code: Code, what: String, location: String? = nil, remedy: String) {
    self.code = code
    self.what = what
    self.location = location
    self.remedy = remedy
  }

  /// `what (location). Remedy.`
  public var description: String {
    let place = location.map { " (\($0))" } ?? ""
    return "\(what)\(place). \(remedy)"
  }

  /// The same error, located in a file.
  func inFile(_ path: String) -> PolicyError {
    PolicyError(
      code: code, what: what, location: location.map { "\(path): \($0)" } ?? path, remedy: remedy)
  }
}
