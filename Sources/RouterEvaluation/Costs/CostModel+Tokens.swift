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

  /// What the parts of a token cost under a candidate, in layers, after `context` positions.
  ///
  /// - Parameters:
  ///   - clients: how many sequences are decoded together. Of several loads each counts alike: the parts are the mean
  ///     shares of a token at full depth.
  ///   - layerCount: L.
  package func tokenCosts(
    _ candidate: Candidate, keyValues: KeyValueMode, context: Double, clients: [Int] = [1],
    layerCount: Int = 1
  ) -> TokenCosts {
    var (layer, sum) = (0.0, TokenCosts(head: 0))
    for count in clients {
      let parts = seconds(candidate, keyValues: keyValues, context: context, clients: count)
      let full = Double(layerCount) * parts.layer + parts.argmax
      layer += parts.layer / full
      sum.head += parts.head / full
      sum.argmax += parts.argmax / full
      sum.decision += parts.decision / full
      sum.skipped += parts.skipped / full
    }
    return TokenCosts(
      head: sum.head / layer, argmax: sum.argmax / layer, decision: sum.decision / layer,
      skipped: sum.skipped / layer)
  }

  /// Seconds of a token of a layer, where so many sequences are decoded together; their mean for several loads.
  package func layerSeconds(context: Double, clients: [Int]) -> Double {
    clients.reduce(0) { $0 + seconds(layers: 1, rows: $1, context: context) / Double($1) }
      / Double(max(1, clients.count))
  }

  /// Seconds of the parts of a token, each its share of what all sequences' tokens cost in one batch.
  private func seconds(
    _ candidate: Candidate, keyValues: KeyValueMode, context: Double, clients count: Int
  ) -> (layer: Double, head: Double, argmax: Double, decision: Double, skipped: Double) {
    let layer = seconds(layers: 1, rows: count, context: context) / Double(count)
    let head = candidate.head == .narrow ? narrowHeadSeconds(rows: count) : headSeconds(rows: count)
    let skipped: Double =
      switch keyValues {
      // Keys and values of the exit's state: a share of a layer.
      case .propagate: propagation * layer / seconds(layers: 1, rows: 1, context: context)
      // Later, more rows in a batch.
      case .exact:
        max(
          0,
          seconds(layers: 1, rows: count + 3, context: context)
            - seconds(layers: 1, rows: count, context: context))
          / 3
      }
    return (
      layer, head / Double(count), choiceSeconds(rows: count) / Double(count), decisionSeconds(candidate),
      skipped
    )
  }

  /// Mean cost of tokens that left at known depths, in layers, by what their parts cost; nil without tokens.
  ///
  /// A token is asked at every exit up to its depth. A candidate that reads logits pays a head for each
  /// question, and the token that leaves then needs no more; any other token is chosen greedily.
  ///
  /// - Parameters:
  ///   - depths: layers that each token ran, at most `layerCount`.
  ///   - asked: depths at which the policy asks, all below `layerCount`.
  package static func cost(
    depths: [Int], asked: [Int], layerCount: Int, reads: ExitEstimator.Input, costs: TokenCosts
  ) -> Double? {
    guard !depths.isEmpty else { return nil }
    var (layers, skipped, questions, choices) = (0, 0, 0, 0)
    for depth in depths {
      layers += depth
      skipped += layerCount - depth
      questions += asked.count { $0 <= depth }
      choices += reads == .hidden || depth == layerCount ? 1 : 0
    }
    let question = costs.decision + (reads == .logits ? costs.head : 0)
    let total =
      Double(layers) + Double(skipped) * costs.skipped + Double(questions) * question + Double(choices)
      * costs.argmax
    return total / Double(depths.count)
  }
}
