import Synchronization

/// What sweeps cost on a model and its machine, as seen so far; shared by its sequences.
///
/// It decides how far to draft ahead, how long tokens wait for layers that they skipped, and how much of a prompt a sweep
/// takes, and never what comes out.
package final class SweepCosts: Sendable {
  private let state: Mutex<State>

  fileprivate struct State {
    /// Layers, scaled to all of them.
    var layers = CostCurve(usual: SweepCosts.usualCosts)
    /// Sweeps of rows through all layers and the head, without prompts.
    var sweeps = CostCurve(usual: SweepCosts.usualCosts)
    /// Seconds that one more row of a prompt adds to a sweep.
    var promptRow: Double?
    var followsTimes: Bool
  }

  /// Rows whose costs are known one by one.
  package static let rowLimit = 64
  /// Weight of a new timing of a prompt.
  private static let gain = 0.2

  /// Costs between numbers of rows that were measured: 1, 4, 8, 16, 32 and 64.
  private static let usualCosts: [Double] = {
    let points = [(1, 1.0), (4, 1.18), (8, 1.52), (16, 2.4), (32, 4.7), (64, 9.2)]
    return (1...rowLimit).map { rows in
      let upper = points.first { $0.0 >= rows } ?? points[points.count - 1]
      let lower = points.last { $0.0 <= rows } ?? points[0]
      guard upper.0 > lower.0 else { return upper.1 }
      let share = Double(rows - lower.0) / Double(upper.0 - lower.0)
      return lower.1 + share * (upper.1 - lower.1)
    }
  }()

  /// - Parameter followsTimes: whether costs follow what is timed, or stay the usual ones.
  package init(followsTimes: Bool = true) { state = Mutex(State(followsTimes: followsTimes)) }

  /// Cost of a sweep of 1, 2, ... ``rowLimit`` rows, relative to one row.
  package var costs: [Double] { state.withLock { $0.sweeps.costs } }

  /// Seconds of a sweep of 1, 2, ... ``rowLimit`` rows; nil before any has been timed.
  package var sweepSeconds: [Double]? {
    state.withLock { state in
      state.sweeps.unit.map { unit in state.sweeps.costs.map { $0 * unit } }
    }
  }

  /// Tokens that are best run together through layers that they skipped, at the least cost each: beyond that, another
  /// row is no longer nearly free.
  package var cheapestRowCount: Int {
    let costs = state.withLock { $0.layers.costs }
    func share(_ rows: Int) -> Double { costs[rows - 1] / Double(rows) }
    // What is gained beyond these is less than what it costs to have them wait.
    return (1...8).min { share($0) < share($1) } ?? 1
  }

  /// Rows of a prompt that take as long as `factor` sweeps of `rows` rows; nil before both have been timed.
  package func promptRows(beside rows: Int, factor: Double) -> Int? {
    state.withLock { state in
      guard let promptRow = state.promptRow, let sweep = state.sweepSeconds(rows: rows) else { return nil }
      return Int(factor * sweep / promptRow)
    }
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

  /// Notes the time of a sweep.
  ///
  /// - Parameters:
  ///   - rows: of sequences that are beyond their prompts.
  ///   - promptRows: of prompts.
  ///   - isWhole: whether all of the rows ran all layers, and nothing else did.
  package func recordSweep(rows: Int, promptRows: Int, seconds: Double, isWhole: Bool = true) {
    state.withLock { state in
      guard state.followsTimes else { return }
      if promptRows > 0 {
        let own = rows > 0 ? state.sweepSeconds(rows: rows) ?? 0 : 0
        let row = max(seconds - own, seconds / 8) / Double(promptRows)
        state.promptRow = state.promptRow.map { $0 + Self.gain * (min(row, 2 * $0) - $0) } ?? row
      } else if isWhole {
        state.sweeps.record(rows: rows, seconds: seconds)
      }
    }
  }
}

extension SweepCosts.State {
  /// Seconds of a sweep of so many rows; of its layers, where no whole sweep has been timed.
  fileprivate func sweepSeconds(rows: Int) -> Double? {
    sweeps.seconds(rows: rows) ?? layers.seconds(rows: rows)
  }
}
