/// One line of the table that `router calibrate` prints: what a point of the path costs and gives.
package struct TestedPoint: Sendable, Equatable, Codable {
  /// 0-based point of the path.
  package let point: Int

  /// What decides.
  package let rule: PathPlan.Rule

  /// Mean layers executed per generated token; `nil` if there was no token.
  package let meanDepth: Double?

  /// Mean loss of the prompts that were run.
  package let realisedRisk: Double

  /// Upper confidence bound of the expected loss.
  package let bound: Double

  /// Generated tokens per second; `nil` if no token was timed.
  package let tokensPerSecond: Double?

  /// Seconds per generated token by the cost model, as deep as the tokens went; `nil` if not known.
  package let modelSeconds: Double?

  /// How many prompts were run.
  package let promptCount: Int

  /// Whether the point passed.
  package let passed: Bool

  /// Summarises a point from its test and the answers behind it.
  package init(
    point: Int, rule: PathPlan.Rule, result: TestingSequence.PointResult, answers: [PromptTrace],
    modelSeconds: Double? = nil
  ) {
    let tokens = answers.reduce(0) { $0 + $1.tokens.count }
    let seconds = answers.reduce(0) { $0 + $1.seconds }
    self.point = point
    self.rule = rule
    meanDepth = tokens > 0 ? Double(answers.reduce(0) { $0 + $1.layerTotal }) / Double(tokens) : nil
    realisedRisk = result.empiricalRisk
    bound = result.bound
    tokensPerSecond = seconds > 0 && tokens > 0 ? Double(tokens) / seconds : nil
    self.modelSeconds = modelSeconds
    promptCount = result.promptCount
    passed = result.passed
  }
}
