/// How a tuning run ended.
package struct TuningOutcome: Encodable, Sendable {
  /// The file that was written; nil if the run was interrupted.
  package let path: String?
  /// Steps that are done.
  package let steps: Int
  /// What was done: command, data, and how the adapters to start from were made.
  package let tuning: String
  /// By depth, of the last step.
  package let losses: [String: Float]
  /// By depth, of the last evaluation.
  package var heldOut: [String: Float]?
  /// Path of the metrics.
  package let metrics: String
  /// Path of the loss curve; nil if there is none.
  package let curve: String?
  /// On held-out texts, without adapters.
  package var before: AdapterReport?
  /// On held-out texts, with the adapters.
  package var after: AdapterReport?

  private enum CodingKeys: String, CodingKey {
    case path, steps, tuning, losses, metrics, curve, before, after
    case heldOut = "held_out"
  }
}
