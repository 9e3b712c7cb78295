import RouterExit

extension LossMetric {
  /// The tightest test that suits the metric's losses.
  package var preferredTest: RiskTest { isBinary ? .exactBinomial : .betting }
}
