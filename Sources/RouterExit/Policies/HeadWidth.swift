/// Which of a model's heads turns a hidden state into logits.
public enum HeadWidth: String, Sendable, Codable, CaseIterable {
  /// All tokens in a few of the state's dimensions, the likeliest exactly: about a third of the price, and an exit in
  /// width. What it misses is a disagreement with full depth like any other.
  case narrow
  /// All tokens exactly.
  case full
}
