import Foundation
import RouterDecoding
import RouterTokenizer

/// Whether early exit can pay on a model: what each exit would have said on real text.
package struct SuitabilityReport: Sendable, Codable, Equatable {
  /// One exit's figures.
  package struct Exit: Sendable, Codable, Equatable {
    /// Layers executed.
    package let depth: Int
    /// Share of positions where its most probable token is full depth's.
    package let agreement: Double
    /// Mean negative log-probability of the text, in nats a token.
    package let crossEntropy: Double
  }

  /// Positions that were scored.
  package let tokens: Int
  /// Rows or windows that they come from.
  package let rows: Int
  package let exits: [Exit]
  /// Mean depth of a policy that knew for each token the shallowest exit which agrees with full depth.
  package let oracleDepth: Double
  /// exp of full depth's cross-entropy.
  package let perplexity: Double
}
