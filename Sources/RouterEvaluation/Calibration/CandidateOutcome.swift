import RouterCalibration

/// What became of one candidate.
package struct CandidateOutcome: Sendable {
  /// Why it is, or is not, the policy.
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
  /// How many times the pilot's estimate, which is teacher-forced, the loss of free answers on trial was.
  package var riskScale = 1.0
  /// Points that were tested, from conservative to aggressive.
  package var testedPoints: [TestedPoint] = []
  /// 0-based index of the certified one among ``testedPoints``; nil if none passed.
  package var certified: Int?
  /// Answers to the held-out prompts at the certified point.
  package var race: AnswerFigures?
  package var verdict = Verdict.untested

  /// Upper bound of the expected loss at the certified point; nil if none passed.
  package var certifiedBound: Double? { certified.map { testedPoints[$0].bound } }

  /// Starts with a plan.
  init(_ plan: PathPlan) {
    candidate = plan.candidate
    self.plan = plan
    verdict = plan.points.isEmpty ? .hopeless : .untested
  }

  /// The 0-based point of the path that was certified; the most conservative one if none was.
  var certifiedPoint: Int { certified.map { testedPoints[$0].point } ?? 0 }
}
