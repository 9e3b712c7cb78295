/// Draft budget of one sweep: a draft is added while it yields more for its time than the sweep does without it, whoever
/// it belongs to. Alone that is a sequence's own account; at many clients another row costs more, and drafts fade out.
package struct DraftBudget: Sendable {
  /// Cost of a sweep of 1, 2, ... rows, never falling.
  private let costs: [Double]
  /// Rows of the sweep so far.
  package private(set) var rows: Int
  /// Tokens that the sweep yields on average.
  private var yield: Double

  /// A budget without drafts.
  ///
  /// - Parameters:
  ///   - rows: of the sweep, each of which yields one token; at least one.
  package init(costs: [Double], rows: Int = 1) {
    self.costs = costs
    self.rows = max(1, rows)
    yield = Double(self.rows)
  }

  /// Whether a sweep can take another row.
  package var hasRoom: Bool { rows < costs.count }

  /// Whether a draft pays.
  ///
  /// - Parameters:
  ///   - chance: that it is reached and accepted.
  ///   - extra: what the draft costs beyond its row, in sweeps of one row.
  package func pays(_ chance: Double, extra: Double = 0) -> Bool {
    hasRoom && (yield + chance) / (costs[rows] + extra) > yield / costs[rows - 1]
  }

  /// Adds a row that yields a token with this chance.
  package mutating func add(_ chance: Double) {
    rows += 1
    yield += chance
  }
}
