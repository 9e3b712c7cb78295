import RouterCalibration
import RouterDecoding
import RouterExit

extension CostModel {
  /// Seconds of one decision of a candidate, its head not included; 0 for one that decides nothing.
  package func decisionSeconds(_ candidate: Candidate) -> Double {
    switch candidate {
    case .fixed: 0
    // Patience reads the logits once, these twice.
    case .patience: (decisionSeconds[ExitEstimator.maximumProbability.name] ?? 0) / 2
    default: decisionSeconds[candidate.estimator?.name ?? candidate.rawValue] ?? 0
    }
  }

  /// What the parts of a token cost under a candidate, in layers, for one token after `context` positions.
  package func tokenCosts(
    _ candidate: Candidate, keyValues: KeyValueMode, context: Double
  ) -> TokenCosts {
    let layer = seconds(layers: 1, rows: 1, context: context)
    return TokenCosts(
      head: (candidate.head == .narrow ? narrowHeadSeconds : headSeconds()) / layer,
      argmax: argmaxSeconds / layer,
      decision: decisionSeconds(candidate) / layer,
      skipped: skippedSeconds(keyValues, context: context) / layer)
  }

  /// What a layer that a token skipped costs all the same: its keys and values at once, or, later, one more row
  /// in a batch of a few.
  private func skippedSeconds(_ keyValues: KeyValueMode, context: Double) -> Double {
    switch keyValues {
    case .propagate: propagation
    case .exact:
      max(
        0, seconds(layers: 1, rows: 4, context: context) - seconds(layers: 1, rows: 1, context: context)) / 3
    }
  }

  /// Mean seconds of tokens that left at known depths, by what their parts cost; nil without tokens.
  ///
  /// A token is asked at every exit up to its depth. A candidate that reads logits pays a head for each
  /// question, and the token that leaves then needs no more; any other token is chosen greedily.
  ///
  /// - Parameters:
  ///   - depths: layers that each token ran, at most `layerCount`.
  ///   - asked: depths at which the policy asks, all below `layerCount`.
  ///   - context: positions before a token.
  package func secondsPerToken(
    depths: [Int], asked: [Int], layerCount: Int, candidate: Candidate, keyValues: KeyValueMode,
    context: Double
  ) -> Double? {
    guard !depths.isEmpty else { return nil }
    var (layers, skipped, questions, heads, choices) = (0, 0, 0, 0, 0)
    for depth in depths {
      let count = asked.count { $0 <= depth }
      layers += depth
      skipped += layerCount - depth
      questions += count
      switch candidate.reads {
      case .hidden: choices += 1
      case .logits:
        heads += count
        choices += depth < layerCount ? 0 : 1
      }
    }
    let total =
      seconds(layers: layers, rows: 1, context: context) + Double(skipped)
      * skippedSeconds(keyValues, context: context)
      + Double(heads) * headSeconds() + Double(choices) * argmaxSeconds
      + Double(questions) * decisionSeconds(candidate)
    return total / Double(depths.count)
  }
}
