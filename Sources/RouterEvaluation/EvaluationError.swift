/// Why data cannot be used to measure a model.
package struct EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of problem it is.
  package enum Code: String, Sendable {
    /// The data file cannot be read.
    case unreadable
    /// The data file is neither JSON rows nor text.
    case malformed
    /// A row lacks the fields of every known form, or what the metric needs.
    case unusableRow
    /// There is nothing to measure.
    case noData
    /// No point of the path meets the asked guarantee.
    case notCertified
    /// A file of measurements cannot be written.
    case notStored
    /// Another engine that was to be measured ends or does not keep to the contract.
    case peerFailed
    /// A setting is out of range.
    case invalidSetting
  }

  package let code: Code
  /// What happened, without a full stop.
  package let what: String
  /// A file, a row, or both.
  package let location: String?
  /// What to do about it, one sentence.
  package let remedy: String

  package init(_ code: Code, _ what: String, at location: String? = nil, remedy: String) {
    self.code = code
    self.what = what
    self.location = location
    self.remedy = remedy
  }

  /// "what (location). Remedy."
  package var description: String { "\(what)\(location.map { " (\($0))" } ?? ""). \(remedy)" }
}
