/// What work on several rows costs, in seconds, followed as it is timed: rows share one read of the weights, and
/// arithmetic shows the more of them there are.
package struct CostCurve: Sendable, Equatable {
  /// Costs of 1, 2, ... rows before any has been timed, relative to one row; never falling.
  private let usual: [Double]
  /// Seconds of 1, 2, ... rows; nil before any has been timed.
  private var seconds: [Double]?

  /// Weight of a new timing.
  private static let gain = 0.05
  /// Bounds of a timing, relative to what is known: something may interrupt it, which says nothing.
  private static let bounds = (least: 0.8, most: 1.25)
  /// What the seconds of other numbers of rows go with a timing towards the usual ones beside it, so that one
  /// which looked bad is tried again.
  private static let forgetting = 0.001

  package init(usual: [Double]) { self.usual = usual }

  /// Cost of 1, 2, ... rows relative to one row, never falling.
  package var costs: [Double] {
    guard let seconds, let one = seconds.first else { return usual }
    return seconds.reduce(into: []) { $0.append(max($1 / one, $0.last ?? 1)) }
  }

  /// Seconds of one row; nil before any has been timed.
  package var unit: Double? { seconds?.first }

  /// Seconds of so many rows, or of as many as are known; nil before any has been timed.
  package func seconds(rows: Int) -> Double? {
    unit.map { $0 * costs[min(max(rows, 1), usual.count) - 1] }
  }

  /// Notes the time of so many rows.
  package mutating func record(rows: Int, seconds time: Double) {
    guard usual.indices.contains(rows - 1), time > 0 else { return }
    let place = rows - 1
    var all = seconds ?? usual.map { time * $0 / usual[place] }
    let known = all[place]
    all[place] += Self.gain * (min(max(time, Self.bounds.least * known), Self.bounds.most * known) - known)
    let one = all[place] / usual[place]
    for other in all.indices where other != place {
      all[other] += Self.forgetting * (one * usual[other] - all[other])
    }
    seconds = all
  }
}
