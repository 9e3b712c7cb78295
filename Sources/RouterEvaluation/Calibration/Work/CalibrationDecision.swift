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
  /// For a budget.
  package var risk: MeasuredRisk?
}
