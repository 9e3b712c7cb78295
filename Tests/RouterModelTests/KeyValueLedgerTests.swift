import RouterModel
import RouterRandom
import Testing

/// The books of which layer lacks which positions, without a model.
struct KeyValueLedgerTests {
  /// Brings the last row to a depth and returns what was run.
  private func advance(_ ledger: inout KeyValueLedger, to depth: Int) -> [LayerRun] {
    var runs: [LayerRun] = []
    while let run = ledger.nextRun(to: depth) {
      ledger.record(run)
      runs.append(run)
    }
    return runs
  }

  /// Keys and values, one of each, that layers lack: layers times positions.
  private func debt(_ ledger: KeyValueLedger) -> Int {
    ledger.depths.reduce(0) { $0 + ledger.layerCount - $1 }
  }

  /// Positions that the layer with 0-based index `layer` has.
  private func taken(by layer: Int, _ ledger: KeyValueLedger) -> Int {
    ledger.complete + ledger.depths.prefix { $0 > layer }.count
  }

  @Test func aBatchRunsTogether() {
    var ledger = KeyValueLedger(layerCount: 4)
    ledger.append(3)
    #expect(advance(&ledger, to: 4) == [.init(layers: 0..<4, rows: 0..<3)])
    ledger.commit(3)
    #expect(ledger.complete == 3 && ledger.depths.isEmpty && debt(ledger) == 0)
  }

  /// A token that goes deeper than those before it takes them along from where they stopped.
  @Test func whatLagsIsCaughtUpWithTheTokenThatGoesThere() {
    var ledger = KeyValueLedger(layerCount: 10)
    for depth in [6, 3, 3] {
      ledger.append(1)
      _ = advance(&ledger, to: depth)
    }
    #expect(ledger.depths == [6, 3, 3])
    #expect(debt(ledger) == 4 + 7 + 7)
    #expect(taken(by: 2, ledger) == 3 && taken(by: 4, ledger) == 1 && taken(by: 6, ledger) == 0)
    ledger.append(1)
    #expect(
      advance(&ledger, to: 10) == [
        .init(layers: 0..<3, rows: 3..<4), .init(layers: 3..<6, rows: 1..<4),
        .init(layers: 6..<10, rows: 0..<4),
      ])
    #expect(debt(ledger) == 0)
    ledger.commit(4)
    #expect(ledger.complete == 4 && ledger.reach == 4)
  }

  /// Whatever is done: depths never rise along the rows, no layer takes a position before those ahead of it, and
  /// each layer takes each position once.
  @Test func everyLayerTakesPositionsInOrderAndOnce() {
    var random = SplitMix64(seed: 17)
    for _ in 0..<200 {
      var ledger = KeyValueLedger(layerCount: 6)
      var taken = [[Int]](repeating: [], count: 6)
      for _ in 0..<12 {
        ledger.append(Int.random(in: 1...3, using: &random))
        for run in advance(&ledger, to: Int.random(in: 0...6, using: &random)) {
          for layer in run.layers { taken[layer] += run.rows }
        }
        #expect(zip(ledger.depths, ledger.depths.dropFirst()).allSatisfy { $0 >= $1 })
        for layer in 0..<6 { #expect(Array(0..<self.taken(by: layer, ledger)) == taken[layer]) }
      }
    }
  }

  @Test func whatIsForgottenLeavesNoTrace() {
    var ledger = KeyValueLedger(layerCount: 2)
    ledger.append(4)
    _ = advance(&ledger, to: 2)
    ledger.commit(2)
    #expect(ledger.complete == 2 && ledger.reach == 2)
    ledger.append(1)
    ledger.rollBack(to: 1)
    #expect(ledger.complete == 1 && ledger.depths.isEmpty && debt(ledger) == 0)
    ledger.append(1)
    ledger.fill()
    #expect(debt(ledger) == 0)
  }
}
