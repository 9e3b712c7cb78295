extension TokenizerDefinition {
  /// Scores, `[V]`, for a SentencePiece vocabulary that comes with merge rules instead (a `tokenizer.json`).
  ///
  /// Hugging Face derives such rules from scores, all rules of a piece at the place of its score; this is the way back.
  /// `merges` are "left right" in rank order.
  package static func scores(ofMerges merges: [String], tokens: [String]) -> [Float] {
    var ranks: [[UInt8]: Int] = [:]
    for (rank, rule) in merges.enumerated() {
      let product = rule.utf8.filter { $0 != UInt8(ascii: " ") }
      ranks[product] = ranks[product] ?? rank
    }
    return tokens.map { -Float(ranks[Array($0.utf8)] ?? merges.count) }
  }
}
