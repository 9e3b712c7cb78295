import RouterExit

extension CostModel {
  /// Mean seconds of tokens that left at known depths, by what their parts cost; nil without tokens.
  ///
  /// A token is asked at every exit up to its depth. An estimator that reads logits pays a head for each
  /// question, and the token that leaves then has its head already.
  ///
  /// - Parameters:
  ///   - depths: layers that each token ran, at most `layerCount`.
  ///   - exits: depths at which the policy asks, all below `layerCount`.
  ///   - context: positions before a token.
  package func secondsPerToken(
    depths: [Int], exits: [Int], layerCount: Int, estimator: ExitEstimator, context: Double
  ) -> Double? {
    guard !depths.isEmpty else { return nil }
    var (layers, questions, heads) = (0, 0, 0)
    for depth in depths {
      let asked = exits.count { $0 <= depth }
      layers += depth
      questions += asked
      switch estimator.reads {
      case .hidden: heads += 1
      case .logits: heads += asked + (depth < layerCount ? 0 : 1)
      }
    }
    let total =
      seconds(layers: layers, rows: 1, context: context) + Double(heads) * headSeconds()
      + Double(questions) * checkSeconds(estimator)
    return total / Double(depths.count)
  }
}
