import Foundation
import RouterDecoding
import RouterExit

/// What each exit says on given answers, teacher-forced.
package struct ForcedReport: Sendable, Codable, Equatable {
  /// One exit's figures.
  package struct Exit: Sendable, Codable, Equatable {
    /// Layers executed.
    package let depth: Int
    /// Mean negative log-probability of the answers' tokens in nats, over all tokens, with its interval over
    /// resampled prompts.
    package let crossEntropy: Interval
    /// Mean of the prompts' own means, so that long answers do not count more.
    package let promptCrossEntropy: Interval
    /// Share of tokens where its most probable token is full depth's.
    package let agreement: Interval
    /// Share of tokens where its most probable token is that of the original's full depth; nil without an original.
    package let originalAgreement: Interval?

    private enum CodingKeys: String, CodingKey {
      case depth, agreement
      case crossEntropy = "cross_entropy"
      case promptCrossEntropy = "prompt_cross_entropy"
      case originalAgreement = "original_agreement"
    }
  }

  /// One estimator's best thresholds.
  package struct Policy: Sendable, Codable, Equatable {
    package let estimator: String
    /// Least mean depth by the tolerated share of tokens that differ from full depth's.
    package let meanDepthAtRisk: [String: Double]

    private enum CodingKeys: String, CodingKey {
      case estimator
      case meanDepthAtRisk = "mean_depth_at_risk"
    }
  }

  package let prompts: Int
  package let tokens: Int
  package let exits: [Exit]
  /// Mean depth of a policy that knew for each token the shallowest exit which agrees with full depth.
  package let oracleDepth: Double
  /// As ``oracleDepth``, by agreement with the original's full depth, and full depth where no exit agrees.
  package let originalOracleDepth: Double?
  package let policies: [Policy]
  /// Rows left out: no answer, or a prompt beyond the limit.
  package let skippedRows: Int
  /// Tokens of answers that were cut off at the limit.
  package let cutTokens: Int

  private enum CodingKeys: String, CodingKey {
    case prompts, tokens, exits, policies
    case oracleDepth = "oracle_depth"
    case originalOracleDepth = "original_oracle_depth"
    case skippedRows = "skipped_rows"
    case cutTokens = "cut_tokens"
  }
}
