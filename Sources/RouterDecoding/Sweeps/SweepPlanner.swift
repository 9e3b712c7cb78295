/// Which layers run next in a sweep, and for which rows: rows that are at the same layer run it together, and rows that
/// are further up join where the sweep passes them.
///
/// A pure value. Rows name the layers that they run as ranges, so that a row may skip some and come back. The sweep only
/// goes up: what is added must begin where the sweep is or above.
package struct SweepPlanner: Sendable, Equatable {
  /// Rows of one member that run the same layers.
  package struct Rows: Sendable, Equatable {
    /// Whose rows they are.
    package let member: Int
    /// Among the member's rows in flight.
    package let rows: Range<Int>
    /// Whether the rows leave keys and values in their layer and run nothing else of it.
    package let onlyStores: Bool

    package init(member: Int, rows: Range<Int>, onlyStores: Bool = false) {
      self.member = member
      self.rows = rows
      self.onlyStores = onlyStores
    }
  }

  /// Layers that some rows run together.
  package struct Run: Sendable, Equatable {
    /// 0-based indices.
    package let layers: Range<Int>
    /// In the order of members and of their rows.
    package let rows: [Rows]
    /// Members of which no rows have anything left to run, ascending.
    package let arrived: [Int]

    package init(layers: Range<Int>, rows: [Rows], arrived: [Int]) {
      self.layers = layers
      self.rows = rows
      self.arrived = arrived
    }
  }

  private struct Entry: Equatable {
    let rows: Rows
    /// Ascending and apart.
    var layers: [Range<Int>]
  }

  private var entries: [Entry] = []
  /// The layer that the sweep has reached.
  package private(set) var layer = 0

  package init() {}

  /// Adds rows that run layers.
  ///
  /// - Parameter layers: 0-based indices, ascending and apart, from ``layer`` on.
  package mutating func add(_ rows: Rows, layers: [Range<Int>]) {
    let layers = layers.filter { !$0.isEmpty }
    guard let first = layers.first else { return }
    precondition(first.lowerBound >= layer, "layer \(first.lowerBound) in a sweep at \(layer)")
    precondition(zip(layers, layers.dropFirst()).allSatisfy { $0.upperBound <= $1.lowerBound }, "\(layers)")
    entries.append(Entry(rows: rows, layers: layers))
  }

  /// The next layers to run: up to where other rows join, or some have come to the end of a range.
  ///
  /// - Returns: nil if no rows are left.
  package mutating func next() -> Run? {
    guard let start = entries.lazy.map({ $0.layers[0].lowerBound }).min() else { return nil }
    let here = entries.indices.filter { entries[$0].layers[0].lowerBound == start }
    // The nearest end of a range, or beginning of another's.
    let end = entries.reduce(Int.max) { end, entry in
      let range = entry.layers[0]
      return min(end, range.lowerBound == start ? range.upperBound : range.lowerBound)
    }
    let rows = here.map { entries[$0].rows }
    for index in here {
      let range = entries[index].layers.removeFirst()
      if range.upperBound > end { entries[index].layers.insert(end..<range.upperBound, at: 0) }
    }
    entries.removeAll { $0.layers.isEmpty }
    layer = end
    let arrived = Set(rows.map(\.member)).subtracting(entries.map(\.rows.member))
    return Run(
      layers: start..<end,
      rows: rows.sorted { ($0.member, $0.rows.lowerBound) < ($1.member, $1.rows.lowerBound) },
      arrived: arrived.sorted())
  }
}
