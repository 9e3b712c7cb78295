/// Where a draft comes from: drafts of one source are accepted about equally often.
package enum DraftSource: Sendable, Hashable {
  /// The continuation of an earlier run of so many tokens in the same sequence: prompt lookup (Saxena, "Prompt lookup
  /// decoding", 2023).
  case context(order: Int)
  /// The continuation of so many tokens in a table of the model's answers, in which a share of about
  /// `level / 8` had it.
  case table(order: Int, level: Int)
  /// Both of these, which say the same.
  case both(order: Int, level: Int)
  /// What the exit after so many layers says.
  case exit(depth: Int)

  /// Acceptance rate before any draft of the source has been verified.
  var expectedAcceptance: Double {
    switch self {
    case .context(let order): [0.2, 0.4, 0.55, 0.75][min(max(order, 1), 4) - 1]
    case .table(_, let level): 0.1 + 0.8 * (Double(level) + 0.5) / 8
    case .both(let order, let level):
      1
        - (1 - DraftSource.context(order: order).expectedAcceptance)
        * (1 - DraftSource.table(order: 1, level: level).expectedAcceptance)
    case .exit: 0.5
    }
  }
}
