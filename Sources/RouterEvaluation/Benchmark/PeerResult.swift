/// What another engine reached in the same run.
package struct PeerResult: Sendable, Encodable {
  /// The engine's name.
  package let engine: String
  /// The measurement's name, such as `tg128@0`.
  package let name: String
  /// Tokens a second in each repetition; empty if the engine skipped the measurement.
  package let tokensPerSecond: Sample
  /// Why the engine skipped it.
  package let skipped: String?
  /// Our rows of the same measurement at full depth, each against this one.
  package let ratios: [Ratio]

  /// Our speed over the engine's, pair by pair of the alternating repetitions.
  package struct Ratio: Sendable, Encodable {
    package let weights: String
    package let threads: Int
    package let head: BenchmarkHead
    package let ratio: Sample
  }

  private enum CodingKeys: String, CodingKey {
    case engine, name, skipped, ratios
    case tokensPerSecond = "tokens_per_second"
  }
}
