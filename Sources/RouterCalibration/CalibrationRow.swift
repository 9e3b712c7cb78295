/// One line of the table that `router calibrate` prints: what a point of the path costs and gives.
package struct CalibrationRow: Sendable, Equatable, Codable {
  /// lambda, the confidence at which a token leaves.
  package let threshold: Float

  /// Mean layers executed per generated token; `nil` if there was no token.
  package let meanDepth: Double?

  /// Mean loss of the prompts that were run.
  package let realisedRisk: Double

  /// Upper confidence bound of the expected loss.
  package let bound: Double

  /// Generated tokens per second; `nil` if no token was timed.
  package let tokensPerSecond: Double?

  /// How many prompts were run.
  package let promptCount: Int

  /// Whether the point passed.
  package let passed: Bool

  /// Summarises a point from its test and the answers behind it.
  package init(threshold: Float, result: TestingSequence.PointResult, answers: [PromptTrace]) {
    let tokens = answers.reduce(0) { $0 + $1.tokens.count }
    let seconds = answers.reduce(0) { $0 + $1.seconds }
    self.threshold = threshold
    meanDepth = tokens > 0 ? Double(answers.reduce(0) { $0 + $1.layerTotal }) / Double(tokens) : nil
    realisedRisk = result.empiricalRisk
    bound = result.bound
    tokensPerSecond = seconds > 0 && tokens > 0 ? Double(tokens) / seconds : nil
    promptCount = result.promptCount
    passed = result.passed
  }
}
