/// How a policy was calibrated to be decoded; its numbers hold for this combination only.
public struct PolicyDecoder: Sendable, Equatable, Encodable {
  /// What an exit means for the output.
  public enum Mode: String, Sendable, CaseIterable, Encodable {
    /// The token is emitted at the exit that the policy picks.
    case exit
  }

  /// What an exit means for the output.
  public let mode: Mode

  /// What becomes of the skipped layers' keys and values.
  public let keyValues: KeyValueMode

  /// Creates a combination.
  public init(mode: Mode = .exit, keyValues: KeyValueMode = .propagate) {
    self.mode = mode
    self.keyValues = keyValues
  }

  /// Field names of the policy file.
  private enum CodingKeys: String, CodingKey {
    case mode
    case keyValues = "kv"
  }
}
