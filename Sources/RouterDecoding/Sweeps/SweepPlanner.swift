import RouterModel

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
    /// Whether the rows only leave keys and values in their last layer.
    package let endsWithKeysAndValues: Bool

    package init(member: Int, rows: Range<Int>, endsWithKeysAndValues: Bool = false) {
      self.member = member
      self.rows = rows
      self.endsWithKeysAndValues = endsWithKeysAndValues
    }
  }

  /// Layers that some rows run together.
  package struct Run: Sendable, Equatable {
    /// 0-based indices.
    package let layers: Range<Int>
    /// In the order of members and of their rows.
    package let rows: [Rows]
    /// Members of which no rows have anything left to run.
    package let arrived: [Int]
    /// Rows for which this was the last layer, in which they only leave keys and values; not among `rows`.
    package let stored: [Rows]

    package init(layers: Range<Int>, rows: [Rows], arrived: [Int], stored: [Rows]) {
      self.layers = layers
      self.rows = rows
      self.arrived = arrived
      self.stored = stored
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
    var end = here.map { entries[$0].layers[0].upperBound }.min() ?? start
    for entry in entries where entry.layers[0].lowerBound > start {
      end = min(end, entry.layers[0].lowerBound)
    }
    // A last layer that only leaves keys and values is a run of its own.
    for index in here where Self.isBeforeStoring(entries[index]) {
      let last = entries[index].layers[0].upperBound - 1
      end = min(end, last > start ? last : end)
    }
    var (rows, stored): ([Rows], [Rows]) = ([], [])
    for index in here {
      let only = Self.isBeforeStoring(entries[index]) && entries[index].layers[0].count == 1
      if only { end = start + 1 }
      if only { stored.append(entries[index].rows) } else { rows.append(entries[index].rows) }
    }
    for index in here {
      let range = entries[index].layers.removeFirst()
      if range.upperBound > end { entries[index].layers.insert(end..<range.upperBound, at: 0) }
    }
    entries.removeAll { $0.layers.isEmpty }
    layer = end
    let left = Set(entries.map(\.rows.member))
    var arrived: [Int] = []
    for entry in (rows + stored) where !left.contains(entry.member) && !arrived.contains(entry.member) {
      arrived.append(entry.member)
    }
    func inOrder(_ a: Rows, _ b: Rows) -> Bool {
      (a.member, a.rows.lowerBound) < (b.member, b.rows.lowerBound)
    }
    return Run(
      layers: start..<end, rows: rows.sorted(by: inOrder), arrived: arrived.sorted(),
      stored: stored.sorted(by: inOrder))
  }

  /// Whether the range that an entry is in ends with a layer in which it only leaves keys and values.
  private static func isBeforeStoring(_ entry: Entry) -> Bool {
    entry.rows.endsWithKeysAndValues && entry.layers.count == 1
  }
}
