import RouterDecoding
import Testing

/// What sweeps cost, as they are timed.
struct SweepCostsTests {
  /// Costs follow what is timed, never fall with the rows, and are usual where nothing is known.
  @Test func rowsCostWhatTheyTake() {
    let usual = [1, 1.03, 1.1, 1.18]
    var curve = CostCurve(usual: usual)
    #expect(curve.costs == usual && curve.unit == nil)
    for _ in 0..<300 { for rows in [1, 2, 4] { curve.record(rows: rows, seconds: 0.002 * Double(rows)) } }
    // A little less than 2 and 4: what other numbers of rows cost draws towards the usual.
    #expect((1.6...2.1).contains(curve.costs[1]) && (3...4.1).contains(curve.costs[3]))
    #expect(zip(curve.costs, curve.costs.dropFirst()).allSatisfy { $0 <= $1 } && curve.costs[0] == 1)
    curve.record(rows: 2, seconds: 10)
    #expect(curve.costs[1] < 2.5, "an interruption is no cost")
    let before = curve
    curve.record(rows: 5, seconds: 1)
    curve.record(rows: 0, seconds: 1)
    #expect(curve == before, "rows that the curve does not know")
  }

  /// Tokens wait for the layers that they skipped while waiting saves time: long where rows are nearly free, not at
  /// all where each costs the same again.
  @Test func tokensWaitWhileRowsAreNearlyFree() {
    let costs = SweepCosts()
    #expect(costs.cheapestRowCount == 8)
    for _ in 0..<200 {
      for rows in 1...8 { costs.recordLayers(rows: rows, seconds: 0.001 * Double(rows) + 1e-6, share: 0.5) }
    }
    #expect(costs.cheapestRowCount > 4, "the first of equals would be a matter of noise")
    for _ in 0..<200 {
      for rows in 1...4 { costs.recordLayers(rows: rows, seconds: 0.001, share: 0.5) }
      for rows in 5...8 { costs.recordLayers(rows: rows, seconds: 0.002 * Double(rows), share: 0.5) }
    }
    #expect(costs.cheapestRowCount == 4)
  }

  @Test func aPromptGetsTheRowsThatFitBesideOthers() {
    let costs = SweepCosts()
    #expect(PromptBudget.rows(beside: 0, costs: costs, limit: 256) == 256)
    #expect(PromptBudget.rows(beside: 8, costs: costs, limit: 256) == 64, "a guess before anything was timed")
    for _ in 0..<100 { costs.recordSweep(rows: 8, promptRows: 0, seconds: 0.010) }
    for _ in 0..<100 { costs.recordSweep(rows: 0, promptRows: 100, seconds: 0.050) }
    // A multiple of 10 ms, at half a millisecond a row.
    let milliseconds = PromptBudget.factor * 10
    #expect(abs(Double(PromptBudget.rows(beside: 8, costs: costs, limit: 256)) - milliseconds / 0.5) < 2)
    for _ in 0..<100 { costs.recordSweep(rows: 8, promptRows: 100, seconds: 0.110) }
    // The part of the others is not the prompt's.
    #expect(abs(Double(PromptBudget.rows(beside: 8, costs: costs, limit: 256)) - milliseconds) < 2)
    for _ in 0..<100 { costs.recordSweep(rows: 0, promptRows: 100, seconds: 10) }
    #expect(PromptBudget.rows(beside: 8, costs: costs, limit: 256) == 4)
    #expect(PromptBudget.rows(beside: 250, costs: costs, limit: 256) == 4)
  }

  @Test func rowsAreDealtInTheOrderOfArrival() {
    #expect(PromptBudget.deal(100, to: [30, 90, 10]) == [30, 70, 0])
    #expect(PromptBudget.deal(0, to: [1]) == [0] && PromptBudget.deal(5, to: []) == [])
    #expect(PromptBudget.deal(500, to: [30, 90, 10]) == [30, 90, 10])
  }
}
