import Synchronization

/// What sweeps cost on a model and its machine, as seen so far; shared by its sequences.
///
/// It decides how far to draft ahead, how long tokens wait for layers that they skipped, and how much of a prompt a sweep
/// takes, and never what comes out.
package final class SweepCosts: Sendable {
  private let state: Mutex<State>

  private struct State {
    var layers = CostCurve(usual: SweepCosts.usualLayerCosts)
    var heads = CostCurve(usual: SweepCosts.usualHeadCosts)
    /// Seconds that one more row of a prompt adds to a sweep.
    var promptRow: Double?
    var followsTimes: Bool
  }

  /// Rows whose costs are known one by one.
  package static let rowLimit = 64
  /// A head in passes of one row through all layers, until both have been timed.
  private static let usualHeadShare = 0.25
  /// Weight of a new timing of a prompt.
  private static let gain = 0.2

  /// Costs of layers between rows that were measured: 1, 4, 8, 16, 32 and 64.
  private static let usualLayerCosts = interpolated([
    (1, 1), (4, 1.13), (8, 1.5), (16, 2.4), (32, 4.7), (64, 9.2),
  ])
  private static let usualHeadCosts = interpolated([(1, 1), (4, 1.25), (8, 1.4), (16, 2), (32, 3.6), (64, 7)])

  private static func interpolated(_ points: [(rows: Int, cost: Double)]) -> [Double] {
    (1...rowLimit).map { rows in
      let upper = points.first { $0.rows >= rows } ?? points[points.count - 1]
      let lower = points.last { $0.rows <= rows } ?? points[0]
      guard upper.rows > lower.rows else { return upper.cost }
      let share = Double(rows - lower.rows) / Double(upper.rows - lower.rows)
      return lower.cost + share * (upper.cost - lower.cost)
    }
  }

  /// - Parameter followsTimes: whether costs follow what is timed, or stay the usual ones.
  package init(followsTimes: Bool = true) { state = Mutex(State(followsTimes: followsTimes)) }

  /// Cost of a sweep of 1, 2, ... ``rowLimit`` rows through all layers and the head, relative to one row.
  package var costs: [Double] {
    let (layers, heads) = state.withLock { ($0.layers, $0.heads) }
    var share = Self.usualHeadShare
    if let layer = layers.unit, let head = heads.unit { share = head / layer }
    return zip(layers.costs, heads.costs).map { ($0 + share * $1) / (1 + share) }
  }

  /// Tokens that are best run together through layers that they skipped, at the least cost each: beyond that, another
  /// row is no longer nearly free.
  package var cheapestRowCount: Int {
    let costs = state.withLock { $0.layers.costs }
    func share(_ rows: Int) -> Double { costs[rows - 1] / Double(rows) }
    // What is gained beyond these is less than what it costs to have them wait.
    return (1...8).min { share($0) < share($1) } ?? 1
  }

  /// Rows of a prompt that take as long as `factor` sweeps of `rows` rows; nil before a prompt has been timed.
  package func promptRows(beside rows: Int, factor: Double) -> Int? {
    let (layers, heads, promptRow) = state.withLock { ($0.layers, $0.heads, $0.promptRow) }
    guard let promptRow, let layer = layers.unit else { return nil }
    let place = min(max(rows, 1), Self.rowLimit) - 1
    let sweep = layer * layers.costs[place] + (heads.unit ?? 0) * heads.costs[place]
    return Int(factor * sweep / promptRow)
  }

  /// Notes the time of some layers.
  ///
  /// - Parameter share: of all layers.
  package func recordLayers(rows: Int, seconds: Double, share: Double) {
    guard share > 0 else { return }
    state.withLock { state in
      if state.followsTimes { state.layers.record(rows: rows, seconds: seconds / share) }
    }
  }

  /// Notes the time of a read of the head.
  package func recordHead(rows: Int, seconds: Double) {
    state.withLock { if $0.followsTimes { $0.heads.record(rows: rows, seconds: seconds) } }
  }

  /// Notes the time of a sweep's layers with rows of prompts among them.
  package func recordPrompt(rows: Int, beside others: Int, seconds: Double) {
    state.withLock { state in
      guard state.followsTimes, rows > 0 else { return }
      let own = others > 0 ? (state.layers.unit ?? 0) * state.layers.costs[min(others, Self.rowLimit) - 1] : 0
      let row = max(seconds - own, seconds / 8) / Double(rows)
      state.promptRow = state.promptRow.map { $0 + Self.gain * (min(row, 2 * $0) - $0) } ?? row
    }
  }
}
