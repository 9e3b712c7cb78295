import RouterRandom

/// How the losses of several exits make one.
package enum TuningLoss: String, Sendable, Codable, CaseIterable {
  /// Their mean: the paper's.
  case mean
  /// A mean weighted by depth, which favours deep exits.
  case weighted
  /// One exit a step, drawn evenly (SortedNet, arXiv 2309.00255).
  case sampled
  /// Their mean, with a share of Kullback-Leibler divergence from the frozen original at full depth: at every
  /// exit, the last one included, so that it stays itself.
  case distill
}
