import RouterRandom
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
    var random = SplitMix64(seed: 3)
    for _ in 0..<300 {
      var table = MergeTable(capacity: 40)
      for product in Int32(3)..<40 {
        // Ranks may tie, as SentencePiece's scores do.
        let rank = Int32.random(in: 0..<20, using: &random)
        let left = Int32.random(in: 0..<product, using: &random)
        table.insert(
          .init(rank: rank, symbol: product), of: left, .random(in: 0..<product, using: &random))
      }
      let symbols = (0..<Int.random(in: 0...40, using: &random)).map { _ in
        Int32.random(in: 0..<3, using: &random)
      }
      #expect(merged(symbols, table) == naive(symbols, table))
    }
  }

  @Test func lengthsAddUp() {
    var table = MergeTable(capacity: 1)
    table.insert(.init(rank: 0, symbol: 8), of: 7, 7)
    var merger = PairMerger()
    for _ in 0..<5 { merger.append(symbol: 7, length: 3) }
    merger.merge(table)
    var found: [[Int]] = []
    merger.visitSymbols { found.append([Int($0), $1]) }
    #expect(found == [[8, 6], [8, 6], [7, 3]])
  }

  @Test func aTableKnowsAllOfItsPairsAndNoOthers() {
    var table = MergeTable(capacity: 1)
    for left in Int32(0)..<40 {
      for right in Int32(0)..<40 where (left + right) % 3 == 0 {
        table.insert(.init(rank: left, symbol: right), of: left, right)
      }
    }
    table.insert(.init(rank: 99, symbol: 98), of: 0, 0)
    for left in Int32(0)..<40 {
      for right in Int32(0)..<40 {
        let product = table[left, right]
        switch (left, right) {
        case (0, 0): #expect(product?.rank == 99 && product?.symbol == 98)
        case _ where (left + right) % 3 == 0: #expect(product?.rank == left && product?.symbol == right)
        default: #expect(product == nil)
        }
      }
    }
  }
}
