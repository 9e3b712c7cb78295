/// How a policy was calibrated to be decoded; its numbers hold for this combination only.
public struct PolicyDecoder: Sendable, Equatable, Encodable {
  /// What an exit means for the output.
  public enum Mode: String, Sendable, CaseIterable, Encodable {
    /// The token is emitted at the exit that the policy picks.
    case exit
  }

  /// What becomes of the skipped layers' keys and values.
  public enum KeyValueMode: String, Sendable, CaseIterable, Encodable {
    /// Each skipped layer's own projections of the exit's hidden state.
    case propagate
    /// The skipped layers run for those positions when a later token goes there, or too many lack them.
    case exact
  }

  /// What an exit means for the output.
  public let mode: Mode

  /// What becomes of the skipped layers' keys and values.
  public let kv: KeyValueMode

  /// Creates a combination.
  public init(mode: Mode = .exit, kv: KeyValueMode = .propagate) {
    self.mode = mode
    self.kv = kv
  }
}
