import Foundation
import RouterCheckpoint
import RouterModel
import RouterTensor

/// What exits say on held-out positions, judged by full depth.
package struct AdapterReport: Sendable, Codable {
  /// Depths, the last being full depth.
  package let exits: [Int]
  /// Positions, N.
  package let positions: Int
  /// Mean negative log-probability of the token that follows, in nats, for each exit.
  package let crossEntropy: [Double]
  /// Share of positions whose argmax is full depth's, for each exit.
  package let agreement: [Double]
  /// Mean KL(full depth || exit) in nats, for each exit.
  package let divergence: [Double]
  /// Mean depth of the first exit that agrees with full depth.
  package let oracleDepth: Double
  /// Mean depth of a max-probability policy whose share of disagreeing positions is at most the key's.
  package let meanDepth: [String: Double]
}
