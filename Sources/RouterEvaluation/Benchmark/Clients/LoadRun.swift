/// What one run of clients came to.
package struct LoadRun: Sendable {
  /// Of all clients together, while all were busy.
  package let tokensPerSecond: Double
  /// Seconds to the first token, answer by answer.
  package let firstTokens: [Double]
  /// Seconds between tokens.
  package let gaps: [Double]
  /// Tokens of all answers.
  package let tokens: Int
  /// Bytes of this process; nil where the system does not tell.
  package let resident: Int?

  init(
    _ answers: [AnswerTimes], from start: ContinuousClock.Instant, to end: ContinuousClock.Instant,
    resident: Int?
  ) {
    let counted = answers.reduce(0) { $0 + $1.tokens(until: end) }
    tokensPerSecond = counted / max((end - start) / .seconds(1), 1e-9)
    firstTokens = answers.compactMap(\.firstToken)
    gaps = answers.flatMap(\.gaps)
    tokens = answers.reduce(0) { $0 + $1.tokenCount }
    self.resident = resident
  }
}
