/// Keys and values of skipped layers: what a token leaves in the layers that it did not run.
public enum KeyValueMode: String, Sendable, Codable, CaseIterable {
  /// Each skipped layer's own projections of the exit's hidden state (CALM, arXiv 2207.07061, section 3.1).
  case propagate
  /// Nothing at first; when a later token goes deeper, the skipped layers run for all that lack them, in one
  /// pass. The cache is then that of a full run.
  case exact
}
