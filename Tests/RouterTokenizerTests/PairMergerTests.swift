import RouterTokenizer
import Testing

@Suite struct PairMergerTests {
  /// The definition of BPE: the pair of the lowest rank, of those the leftmost, merges first.
  private func naive(_ symbols: [Int32], _ table: MergeTable) -> [Int32] {
    var symbols = symbols
    while true {
      let candidates = symbols.indices.dropLast().compactMap { index in
        table[symbols[index], symbols[index + 1]].map { (rank: $0.rank, index: index, symbol: $0.symbol) }
      }
      guard let best = candidates.min(by: { ($0.rank, $0.index) < ($1.rank, $1.index) }) else {
        return symbols
      }
      symbols.replaceSubrange(best.index...best.index + 1, with: [best.symbol])
    }
  }

  private func merged(_ symbols: [Int32], _ table: MergeTable) -> [Int32] {
    var merger = PairMerger()
    for symbol in symbols { merger.append(symbol: symbol, length: 1) }
    merger.merge(table)
    var result: [Int32] = []
    merger.visitSymbols { symbol, _ in result.append(symbol) }
    return result
  }

  @Test func mergesAsTheDefinitionOfBPE() {
    var random = SplitMix64(state: 3)
    for _ in 0..<300 {
      var table = MergeTable(capacity: 40)
      for product in Int32(3)..<40 {
        // Ranks may tie, as SentencePiece's scores do.
        let rank = Int32.random(in: 0..<20, using: &random)
        let left = Int32.random(in: 0..<product, using: &random)
        table[left, .random(in: 0..<product, using: &random)] = .init(rank: rank, symbol: product)
      }
      let symbols = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        Int32.random(in: 0..<3, using: &random)
      }
      #expect(merged(symbols, table) == naive(symbols, table))
    }
  }

  @Test func lengthsAddUp() {
    var table = MergeTable(capacity: 1)
    table[7, 7] = .init(rank: 0, symbol: 8)
    var merger = PairMerger()
    for _ in 0..<5 { merger.append(symbol: 7, length: 3) }
    merger.merge(table)
    var found: [[Int]] = []
    merger.visitSymbols { found.append([Int($0), $1]) }
    #expect(found == [[8, 6], [8, 6], [7, 3]])
  }
}
