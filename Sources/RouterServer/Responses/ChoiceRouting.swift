import RouterDecoding
import RouterExit

/// The `router` extension object of a choice: at which depth each token left, and why.
struct ChoiceRouting: Encodable {
  /// What is told once per choice, with its end.
  struct Outcome {
    var meanDepth: Double?
    var layers: Int
    var policy: String?
    var mode: DecodingMode
    /// 1-based point of the policy's path, where load chose one.
    var point: Int?
    /// Whether load chose the mode.
    var isAutomatic: Bool
    /// The policy that was asked for and does not decide, since audits have shown that it breaks its promise.
    var suspended: String?
    /// How far drafting went; nil where nothing was drafted.
    var drafting: DraftingSummary?
  }

  /// Layers executed per token.
  var exits: [Int]
  /// The head that chose each token; told only where one was narrow.
  var widths: [HeadWidth]
  /// The policy's confidence at each token's last decision; `null` where none was taken.
  var confidences: [Float?]
  /// Present in whole answers and in the last chunk of a choice.
  var outcome: Outcome?

  /// Describes some tokens of a choice.
  init(_ tokens: [GeneratedToken], outcome: Outcome?) {
    exits = tokens.map(\.depth)
    widths = tokens.map(\.head)
    confidences = tokens.map { token in token.confidence.flatMap { $0.isFinite ? $0 : nil } }
    self.outcome = outcome
  }

  private enum CodingKeys: String, CodingKey {
    case exits, widths, confidences, layers, policy, mode, point, suspended
    case isAutomatic = "auto"
    case drafting = "verification"
    case meanDepth = "mean_depth"
  }

  func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(exits, forKey: .exits)
    if widths.contains(.narrow) { try fields.encode(widths, forKey: .widths) }
    try fields.encode(confidences, forKey: .confidences)
    if let outcome {
      try fields.encode(outcome.meanDepth, forKey: .meanDepth)
      try fields.encode(outcome.layers, forKey: .layers)
      try fields.encode(outcome.policy, forKey: .policy)
      try fields.encode(outcome.mode.rawValue, forKey: .mode)
      try fields.encodeIfPresent(outcome.point, forKey: .point)
      if outcome.isAutomatic { try fields.encode(true, forKey: .isAutomatic) }
      try fields.encodeIfPresent(outcome.suspended, forKey: .suspended)
      try fields.encodeIfPresent(outcome.drafting, forKey: .drafting)
    }
  }
}
