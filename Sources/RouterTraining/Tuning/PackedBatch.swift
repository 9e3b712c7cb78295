/// Documents laid end to end, without padding: T rows, of which each attends within its own document.
package struct PackedBatch {
  /// i32 `[T]`
  package private(set) var tokens: [Int32] = []
  /// Rows of each document; row r of a document stands at position r - start.
  private(set) var documents: [Range<Int>] = []
  /// The rows that predict a token that counts, ascending.
  package private(set) var scoredRows: [Int] = []
  /// For each scored row, the token to predict.
  package private(set) var targets: [Int32] = []

  /// T.
  package var rowCount: Int { tokens.count }

  /// Packs documents; the last token of each is only a target, so it takes no row.
  package init(_ documents: some Sequence<TrainingDocument>) {
    for document in documents {
      let start = tokens.count
      let rows = document.scored.upperBound - 1
      tokens += document.tokens[..<rows]
      self.documents.append(start..<start + rows)
      for target in document.scored {
        scoredRows.append(start + target - 1)
        targets.append(document.tokens[target])
      }
    }
  }
}
