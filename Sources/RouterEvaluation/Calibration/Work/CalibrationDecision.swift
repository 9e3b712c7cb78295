import RouterCalibration
import RouterExit

/// What the policy will be.
package struct CalibrationDecision: Sendable {
  /// nil for full depth.
  package var winner: CandidateOutcome?
  /// 0-based point of the winner's path.
  package var point = 0
  /// Answers of the certifying prompts at that point.
  package var answers: [PromptTrace] = []
  package var guarantee: PolicyGuarantee?
  /// Seconds of verified drafts over full depth's on held-out prompts, for one client; nil if they were not timed.
  package var verifiedRatio: Double?
  /// For a budget.
  package var risk: MeasuredRisk?
}
