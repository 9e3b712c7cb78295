import RouterExit

/// A way to decide exits that calibration can learn and compare with others.
package enum Candidate: String, Sendable, Hashable, Codable, CaseIterable {
  /// `ExitEstimator.maximumProbability` of the narrow head behind a gate, and a threshold per exit and for full depth.
  case maximumProbability = "max-probability"
  /// `ExitEstimator.margin` of the narrow head, likewise.
  case margin
  /// `ExitEstimator.entropy` of the narrow head, likewise.
  case entropy
  /// `ExitEstimator.maximumProbability` of the full head and a threshold per exit.
  case maximumProbabilityLogits = "max-probability-logits"
  /// `ExitEstimator.margin` of the full head and a threshold per exit.
  case marginLogits = "margin-logits"
  /// `ExitEstimator.entropy` of the full head and a threshold per exit.
  case entropyLogits = "entropy-logits"
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
  package var estimator: ExitEstimator? {
    switch self {
    case .maximumProbability, .maximumProbabilityLogits: .maximumProbability
    case .margin, .marginLogits: .margin
    case .entropy, .entropyLogits: .entropy
    case .saturation: .saturation
    case .patience, .probe, .mlp, .entropyProbe, .fixed: nil
    }
  }

  /// The head that it asks, and that chooses the tokens that leave.
  package var head: HeadWidth {
    switch self {
    case .maximumProbability, .margin, .entropy: .narrow
    default: .full
    }
  }

  /// What it trains, to decide or as a gate; nil if it needs no training.
  package var learned: LearnedEstimator.Kind? {
    head == .narrow ? .probe : LearnedEstimator.Kind(rawValue: rawValue)
  }

  /// Whether a question pays a head.
  package var reads: ExitEstimator.Input {
    if let estimator { return estimator.reads }
    return self == .patience ? .logits : .hidden
  }

  /// Whether what an exit shows depends on which exits were asked before it.
  package var comparesExits: Bool { self == .saturation }

  /// The same measure for a model without a narrow head.
  package var withFullHead: Candidate {
    switch self {
    case .maximumProbability: .maximumProbabilityLogits
    case .margin: .marginLogits
    case .entropy: .entropyLogits
    default: self
    }
  }
}
