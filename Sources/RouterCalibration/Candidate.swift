import RouterExit

/// A way to decide exits that calibration can learn and compare with others.
package enum Candidate: String, Sendable, Hashable, Codable, CaseIterable {
  /// `ExitEstimator.maximumProbability` and a threshold per exit.
  case maximumProbability = "max-probability"
  /// `ExitEstimator.margin` and a threshold per exit.
  case margin
  /// `ExitEstimator.entropy` and a threshold per exit.
  case entropy
  /// `ExitEstimator.saturation` and a threshold per exit.
  case saturation
  /// Consecutive exits that agree.
  case patience
  /// A linear network on the hidden state and a threshold per exit.
  case probe
  /// A network with one hidden layer and a threshold per exit.
  case mlp
  /// A linear network that predicts the exit's entropy, and a threshold per exit.
  case entropyProbe = "entropy-probe"
  /// The same depth for every token: what the others must beat.
  case fixed

  /// The estimator that its thresholds are compared with; nil if it has none, or none before training.
  package var estimator: ExitEstimator? { ExitEstimator(name: rawValue) }

  /// What it trains; nil if it needs no training.
  package var learned: LearnedEstimator.Kind? { LearnedEstimator.Kind(rawValue: rawValue) }

  /// Whether a question pays a head.
  package var reads: ExitEstimator.Input {
    if let estimator { return estimator.reads }
    return self == .patience ? .logits : .hidden
  }

  /// Whether what an exit shows depends on which exits were asked before it.
  package var comparesExits: Bool { self == .saturation }
}
