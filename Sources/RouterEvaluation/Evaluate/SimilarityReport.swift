import Foundation
import RouterCheckpoint
import RouterDecoding
import RouterModel
import RouterTensor

/// How alike sub-models are at each position of an answer (Sorted LLaMA, arXiv 2309.08968, section 5.3).
package struct SimilarityReport: Sendable, Codable, Equatable {
  /// A shallower and a deeper sub-model.
  package struct Pair: Sendable, Codable, Equatable {
    package let shallow: Int
    package let deep: Int
    /// KL(deep || shallow) of the next-token distributions in nats, mean over prompts, by output position; nil
    /// where no answer is that long.
    package let divergence: [Double?]
    /// Cosine of the hidden states as the head reads them, mean over prompts, by output position.
    package let cosine: [Double?]
  }

  package let prompts: Int
  /// Output positions, counted from 0.
  package let positions: Int
  package let exits: [Int]
  package let pairs: [Pair]
}
