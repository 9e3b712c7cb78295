/// Why a training run cannot start or go on.
public struct TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of problem it is.
  public enum Code: String, Sendable {
    /// There is too little data, or a document cannot be used.
    case unusableData
    /// A setting is out of range, or two contradict each other.
    case invalidSettings
    /// An exit that the model or the data does not have.
    case unknownExit
    /// The loss or a gradient is no longer a finite number.
    case diverged
    /// A file of this module is damaged or is none.
    case corruptFile
    /// A file belongs to another model, other data or other settings.
    case foreignFile
    /// The operating system refused a read or a write.
    case inputOutput
    /// The file system is full.
    case noSpace
  }

  public let code: Code
  /// What happened, without a full stop.
  public let what: String
  /// A file, a document or a setting; nil when `what` says it all.
  public let location: String?
  /// What to do about it, one sentence.
  public let remedy: String

  package init(_ code: Code, _ what: String, at location: String? = nil, remedy: String) {
    self.code = code
    self.what = what
    self.location = location
    self.remedy = remedy
  }

  /// `what` of a step is no longer a finite number.
  ///
  /// - Parameter state: the state file of the run, which is left as it is.
  static func diverged(_ what: String, step: Int, state: String?) -> TrainingError {
    TrainingError(
      .diverged, "\(what) of step \(step) is not a finite number", at: state,
      remedy:
        "Use a lower learning rate: the last state is kept, and --resume goes on from it with another --lr."
    )
  }

  /// "what (location). Remedy."
  public var description: String { "\(what)\(location.map { " (\($0))" } ?? ""). \(remedy)" }
}
