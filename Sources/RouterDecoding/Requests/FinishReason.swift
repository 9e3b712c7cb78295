/// Why a generation ended.
public enum FinishReason: String, Sendable, Codable {
  /// The model ended its answer, or a stop string appeared.
  case stop
  /// The token limit was reached.
  case length
  /// The caller went away, or the engine shut down.
  case cancelled
}
