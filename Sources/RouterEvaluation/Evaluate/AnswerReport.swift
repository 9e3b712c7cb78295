import RouterCalibration
import RouterDecoding
import RouterExit

/// How well one subject answers.
package struct AnswerReport: Sendable, Codable, Equatable {
  /// Such as `exit 24`.
  package let subject: String
  package let prompts: Int
  /// Share of questions that are answered rightly; nil without questions.
  package let exactMatch: Interval?
  /// ROUGE-L F1 against the reference answers, mean over prompts.
  package let rougeL: Interval
  /// Mean of the answers' mean depths.
  package let meanDepth: Interval
  /// Mean number of tokens of an answer.
  package let meanTokens: Double

  private enum CodingKeys: String, CodingKey {
    case subject, prompts
    case exactMatch = "exact_match"
    case rougeL = "rouge_l"
    case meanDepth = "mean_depth"
    case meanTokens = "mean_tokens"
  }
}
