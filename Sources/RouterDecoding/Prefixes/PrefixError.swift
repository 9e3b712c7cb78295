/// Why a prefix cannot be kept, or kept ones cannot be used.
public struct PrefixError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of problem it is.
  public enum Code: String, Sendable {
    /// A name that no prefix may have.
    case invalidName
    /// No prefix has that name.
    case unknownName
    /// So few tokens that re-using them saves nothing.
    case tooShort
    /// More pages, or more prefixes, than may be kept.
    case tooLarge
    /// The file was made with another model, or with other keys and values.
    case foreignFile
    /// The file says what cannot be.
    case invalidFile
    /// The file cannot be written.
    case storageFailure
    /// The file system is full.
    case noSpace
  }

  public let code: Code
  /// What happened, without a full stop.
  public let what: String
  /// Path of the file, if it is about one.
  public let path: String?
  /// What to do about it, one sentence.
  public let remedy: String

  package init(_ code: Code, _ what: String, at path: String? = nil, remedy: String) {
    self.code = code
    self.what = what
    self.path = path
    self.remedy = remedy
  }

  /// "what (path). Remedy."
  public var description: String { "\(what)\(path.map { " (\($0))" } ?? ""). \(remedy)" }
}
