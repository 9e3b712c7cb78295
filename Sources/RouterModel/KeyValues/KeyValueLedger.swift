/// Which layers lack the keys and values of which positions.
///
/// Positions below ``complete`` have them in every layer. Those that follow are *in flight*, one row each, and
/// have run the first ``depths`` layers. A position attends to all before it, so a layer takes positions in order
/// and depths never rise along the rows.
package struct KeyValueLedger: Sendable, Equatable {
  /// L, the layers that a complete position has.
  package let layerCount: Int
  /// Positions that no layer lacks.
  package private(set) var complete = 0
  /// Layers that the row of each position in flight has run, never rising.
  package private(set) var depths: [Int] = []

  package init(layerCount: Int) { self.layerCount = layerCount }

  /// Positions that are complete or in flight.
  package var reach: Int { complete + depths.count }

  /// Takes the next `count` positions in flight; no layer has them yet.
  package mutating func append(_ count: Int) {
    depths.append(contentsOf: repeatElement(0, count: count))
  }

  /// Begins with `count` positions that no layer lacks.
  package mutating func begin(with count: Int) {
    precondition(reach == 0, "\(reach) positions are taken")
    complete = count
  }

  /// The first of the runs that bring the last row to `depth`: the rows that are no deeper than it, up to where
  /// more rows join them. Nil if it is there.
  package func nextRun(to depth: Int) -> LayerRun? {
    guard let last = depths.last, last < depth else { return nil }
    let first = depths.lastIndex { $0 > last }.map { $0 + 1 } ?? 0
    let upper = first > 0 ? min(depth, depths[first - 1]) : depth
    return LayerRun(layers: last..<upper, rows: first..<depths.count)
  }

  /// What some rows lack up to `depth`: rows of the same depth together, the deepest first.
  package func lacking(to depth: Int, rows: Range<Int>) -> [LayerRun] {
    var runs: [LayerRun] = []
    for row in rows where depths[row] < depth {
      if let last = runs.last, last.layers.lowerBound == depths[row] {
        runs[runs.count - 1] = LayerRun(layers: last.layers, rows: last.rows.lowerBound..<row + 1)
      } else {
        runs.append(LayerRun(layers: depths[row]..<depth, rows: row..<row + 1))
      }
    }
    return runs
  }

  /// Notes that a run has been done, before any that follows it deeper.
  package mutating func record(_ run: LayerRun) {
    precondition(run.rows.upperBound <= depths.count && run.layers.upperBound <= layerCount, "\(run)")
    for row in run.rows {
      precondition(depths[row] == run.layers.lowerBound, "row \(row) has run \(depths[row]) layers")
      depths[row] = run.layers.upperBound
    }
  }

  /// Notes that the layers which rows in flight have not run got keys and values otherwise.
  package mutating func fill() {
    for row in depths.indices { depths[row] = layerCount }
  }

  /// Accepts the first `count` rows, which all layers have, and forgets the rest.
  package mutating func commit(_ count: Int) {
    precondition(count <= depths.count && depths.prefix(count).allSatisfy { $0 == layerCount }, "\(depths)")
    complete += count
    depths.removeAll(keepingCapacity: true)
  }

  /// Accepts the first `count` rows, which all layers have; the others stay in flight.
  package mutating func settle(_ count: Int) {
    precondition(count <= depths.count && depths.prefix(count).allSatisfy { $0 == layerCount }, "\(depths)")
    complete += count
    depths.removeFirst(count)
  }

  /// Forgets the rows behind the first `count`.
  package mutating func keep(_ count: Int) {
    precondition(count >= 0 && count <= depths.count, "\(count) of \(depths)")
    depths.removeLast(depths.count - count)
  }

  /// Forgets what is in flight, and the positions from `position` on.
  package mutating func rollBack(to position: Int) {
    precondition(position >= 0 && position <= complete, "position \(position) of \(complete)")
    complete = position
    depths.removeAll(keepingCapacity: true)
  }
}
