/// One step of a tuning run.
package struct TuningStep: Sendable {
  /// What an exit lost.
  package struct ExitLoss: Sendable, Codable, Equatable {
    /// Depth.
    package let exit: Int
    /// Mean cross-entropy to the text's tokens, in nats.
    package let crossEntropy: Float
    /// Mean KL(original at full depth || exit) in nats; nil unless the loss distils.
    package let divergence: Float?
  }

  /// Number of the step, from 1.
  package let step: Int
  package let steps: Int
  /// The exits that took part, ascending.
  package let losses: [ExitLoss]
  /// Global norm of the gradients before clipping.
  package let gradientNorm: Float
  package let learningRate: Float
  /// Rows computed a second since the run was started or resumed.
  package let tokensPerSecond: Double
  package let secondsLeft: Double
  /// Losses on the held-out documents, if this step ended with an evaluation.
  package let heldOut: [ExitLoss]?
  /// Whether the run ends here because held-out losses have stopped falling.
  package let stopsEarly: Bool
}
