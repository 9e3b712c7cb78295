/// Why calibration cannot start, resume or give the guarantee that was asked for.
public struct CalibrationError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of problem it is.
  public enum Code: Sendable, Equatable {
    /// Even with no loss at all, so few prompts cannot prove the risk.
    case tooFewPrompts(needed: Int, given: Int)
    /// A parameter is outside its range.
    case invalidParameter
    /// A trace file cannot be read or written.
    case unusableFile
    /// A trace file holds something else than traces.
    case malformedTrace
    /// A trace file belongs to another model, data set or setting.
    case settingsMismatch
    /// Another process is writing the trace file.
    case busy
  }

  /// What kind of problem it is.
  public let code: Code

  /// What happened, one sentence without a final stop.
  public let what: String

  /// Where: a file, a file and a line, or a parameter; `nil` when `what` says it all.
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
}

extension CalibrationError {
  /// Too few prompts for the guarantee that was asked for.
  static func tooFewPrompts(needed: Int, given: Int, risk: Double, delta: Double) -> CalibrationError {
    CalibrationError(
      code: .tooFewPrompts(needed: needed, given: given),
      what:
        "\(given) certifying prompts cannot prove a risk of \(risk) at delta \(delta): even without a single "
        + "loss it takes \(needed)",
      remedy: "Give at least \(needed), or allow a larger risk or delta.")
  }
}
