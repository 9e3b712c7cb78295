import RouterCalibration
import RouterExit

/// What came of a calibration.
package struct CalibrationOutcome: Sendable {
  /// The policy; full depth if nothing meets the goal.
  package let policy: PolicyFile
  /// What became of each candidate, in the order of the settings.
  package let candidates: [CandidateOutcome]
  /// What the policy is; nil for full depth.
  package let winner: Candidate?
  /// What the exits said along full depth's answers to the pilot prompts.
  package let pilots: [PilotAnswer]
  /// What was learned from hidden states.
  package let trained: [TrainedEstimator]
  /// Answers of the certifying prompts at the policy's point; empty for full depth.
  package let answers: [PromptTrace]
  /// Seconds of verified drafts, which lose nothing, over full depth's; nil if they were not timed.
  package let verifiedRatio: Double?
  /// Full-depth tokens a second on the pilot prompts.
  package let fullTokensPerSecond: Double?
  /// What parts of a token cost here.
  package let costs: CostModel
  /// Positions before a token, on average, that costs are stated for.
  package let context: Double
  /// Seconds per token at full depth, by the cost model.
  package let fullSeconds: Double

  /// The winner's part, or that of the first candidate that was tested or at least planned.
  package var leading: CandidateOutcome? {
    candidates.first { $0.candidate == winner } ?? candidates.first { !$0.testedPoints.isEmpty }
      ?? candidates.first
  }
  /// Tested points of the leading candidate.
  package var testedPoints: [TestedPoint] { leading?.testedPoints ?? [] }
  /// 0-based index of the certified one among ``testedPoints``; nil if none passed.
  package var certified: Int? { leading?.certified }
}
