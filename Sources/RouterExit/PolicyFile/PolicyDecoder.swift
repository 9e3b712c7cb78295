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

  /// How keys and values are held. A file names it unless it is f16.
  public let keyValueType: KeyValueType

  /// Creates a combination.
  public init(
    mode: Mode = .exit, keyValues: KeyValueMode = .propagate, keyValueType: KeyValueType = .f16
  ) {
    self.mode = mode
    self.keyValues = keyValues
    self.keyValueType = keyValueType
  }

  /// Field names of the policy file.
  private enum CodingKeys: String, CodingKey {
    case mode
    case keyValues = "kv"
    case keyValueType = "kvType"
  }

  /// Writes every field but a ``keyValueType`` of f16, which formats 1 and 2 do not have.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: CodingKeys.self)
    try object.encode(mode, forKey: .mode)
    try object.encode(keyValues, forKey: .keyValues)
    if keyValueType != .f16 { try object.encode(keyValueType, forKey: .keyValueType) }
  }
}
