import RouterCheckpoint

extension ExitAdapterKind {
  /// Columns of working memory that an adapter needs for each row.
  package var scratchWidth: Int {
    switch self {
    case .linear: 0
    case .gated(let inner): 3 * inner
    }
  }
}
