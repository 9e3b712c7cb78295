import Foundation
import RouterCheckpoint
import RouterModel
import RouterRandom
import RouterTensor

/// One step of an adapter training run.
package struct AdapterStep: Sendable {
  /// Number of the step, from 1.
  package let step: Int
  package let steps: Int
  /// KL(full depth || exit) over the batch for each exit, in nats.
  package let losses: [Float]
  package let learningRate: Float
  /// Positions a second since the run was started or resumed.
  package let tokensPerSecond: Double
  package let secondsLeft: Double
}
