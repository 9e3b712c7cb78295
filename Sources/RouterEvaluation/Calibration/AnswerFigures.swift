/// What some answers under one point of a candidate's path showed.
package struct AnswerFigures: Sendable, Equatable, Encodable {
  /// 0-based point of the path.
  package let point: Int
  package let prompts: Int
  /// Mean loss of the prompts.
  package let loss: Double
  /// Mean layers per token.
  package let meanDepth: Double
  /// Seconds per token by the cost model, as deep as the tokens went.
  package let modelSeconds: Double
  /// Seconds per token as measured; nil if no token was timed.
  package let seconds: Double?
  /// Measured time over that of full depth on the same prompts in the same minutes: the median over the
  /// prompts; nil if none was timed.
  package let timeRatio: Double?
}
