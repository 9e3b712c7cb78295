import RouterDecoding
import RouterRandom
import Testing

/// Which layers run together, without a model.
struct SweepPlannerTests {
  private func rows(_ member: Int, _ rows: Range<Int> = 0..<1, storing: Bool = false) -> SweepPlanner.Rows {
    SweepPlanner.Rows(member: member, rows: rows, onlyStores: storing)
  }

  @Test func rowsThatStartTogetherRunTogetherUntilOneStops() {
    var planner = SweepPlanner()
    planner.add(rows(0), layers: [0..<10])
    planner.add(rows(1), layers: [0..<4])
    #expect(
      planner.next()
        == .init(layers: 0..<4, rows: [rows(0), rows(1)], arrived: [1]))
    // The one that stopped goes on, beside the other.
    planner.add(rows(1), layers: [4..<7])
    #expect(planner.next() == .init(layers: 4..<7, rows: [rows(0), rows(1)], arrived: [1]))
    #expect(planner.next() == .init(layers: 7..<10, rows: [rows(0)], arrived: [0]))
    #expect(planner.next() == nil && planner.layer == 10)
  }

  /// Rows that wait further up join where the sweep passes; a member has arrived with the last of its rows.
  @Test func rowsJoinWhereTheSweepPassesThem() {
    var planner = SweepPlanner()
    planner.add(rows(0, 0..<3), layers: [6..<9])
    planner.add(rows(0, 3..<4), layers: [0..<9])
    planner.add(rows(1), layers: [2..<8])
    #expect(planner.next() == .init(layers: 0..<2, rows: [rows(0, 3..<4)], arrived: []))
    #expect(
      planner.next() == .init(layers: 2..<6, rows: [rows(0, 3..<4), rows(1)], arrived: []))
    #expect(
      planner.next()
        == .init(layers: 6..<8, rows: [rows(0, 0..<3), rows(0, 3..<4), rows(1)], arrived: [1]))
    #expect(
      planner.next()
        == .init(layers: 8..<9, rows: [rows(0, 0..<3), rows(0, 3..<4)], arrived: [0]))
  }

  /// A row may skip the middle and come back.
  @Test func aRowRunsTheRangesThatItNames() {
    var planner = SweepPlanner()
    planner.add(rows(0), layers: [0..<3, 8..<10])
    planner.add(rows(1), layers: [0..<10])
    #expect(planner.next() == .init(layers: 0..<3, rows: [rows(0), rows(1)], arrived: []))
    #expect(planner.next() == .init(layers: 3..<8, rows: [rows(1)], arrived: []))
    #expect(planner.next() == .init(layers: 8..<10, rows: [rows(0), rows(1)], arrived: [0, 1]))
  }

  /// All but the last row of a prompt only leave keys and values in the last layer.
  @Test func rowsThatOnlyStoreAreInTheSameRun() {
    var planner = SweepPlanner()
    planner.add(rows(0, 0..<10), layers: [0..<3])
    planner.add(rows(0, 0..<9, storing: true), layers: [3..<4])
    planner.add(rows(0, 9..<10), layers: [3..<4])
    planner.add(rows(1), layers: [0..<4])
    #expect(planner.next() == .init(layers: 0..<3, rows: [rows(0, 0..<10), rows(1)], arrived: []))
    #expect(
      planner.next()
        == .init(
          layers: 3..<4, rows: [rows(0, 0..<9, storing: true), rows(0, 9..<10), rows(1)], arrived: [0, 1]))
    #expect(planner.next() == nil)
  }

  /// Whatever is asked for: every row runs the layers that it named, each once, going up; rows at the same layer run it
  /// together; a member arrives once its rows have.
  @Test func everyRowRunsItsLayersOnceAndInOrder() {
    var random = SplitMix64(seed: 71)
    for _ in 0..<300 {
      var planner = SweepPlanner()
      var wanted: [Int: [Int]] = [:]
      for member in 0..<Int.random(in: 1...6, using: &random) {
        var (layers, start): ([Range<Int>], Int) = ([], Int.random(in: 0..<8, using: &random))
        for _ in 0..<Int.random(in: 1...3, using: &random) {
          let end = Int.random(in: start + 1...start + 5, using: &random)
          layers.append(start..<end)
          start = end + Int.random(in: 0...3, using: &random)
        }
        planner.add(rows(member), layers: layers)
        wanted[member] = layers.flatMap { Array($0) }
      }
      var (found, layer): ([Int: [Int]], Int) = ([:], 0)
      while let run = planner.next() {
        #expect(run.layers.lowerBound >= layer && !run.layers.isEmpty)
        layer = run.layers.upperBound
        for rows in run.rows { found[rows.member, default: []] += run.layers }
        for member in run.arrived { #expect(found[member] == wanted[member]) }
        for rows in run.rows where found[rows.member] == wanted[rows.member] {
          #expect(run.arrived.contains(rows.member))
        }
      }
      #expect(found == wanted)
    }
  }
}
