import RouterCalibration

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

/// What became of one candidate.
package struct CandidateOutcome: Sendable {
  /// Why it is, or isn't, the policy.
  package enum Verdict: String, Sendable, Encodable {
    /// It is the policy.
    case chosen
    /// It keeps the promise, but another one is faster.
    case slower
    /// No point of its path kept the promise.
    case refused
    /// It keeps the promise, but full depth is faster.
    case slowerThanFull = "slower than full depth"
    /// Others were faster on trial, so it was not tested.
    case untested = "not tested"
    /// By the cost model nothing is cheaper than full depth.
    case hopeless = "never pays"
    /// It does not meet the budget, or loses more than the chosen one.
    case outdone
  }

  package let candidate: Candidate
  package let plan: PathPlan
  /// Answers to the trial prompts, where the goal is expected to be met.
  package var trial: AnswerFigures?
  /// How many times the pilot's guess, which is teacher-forced, the loss of free answers on trial was.
  package var riskScale = 1.0
  /// One row for each tested point.
  package var rows: [CalibrationRow] = []
  /// 0-based index of the certified row; nil if none passed.
  package var certified: Int?
  /// Answers to the held-out prompts at the certified point.
  package var race: AnswerFigures?
  package var verdict = Verdict.untested
}
