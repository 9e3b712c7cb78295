/// What passes of several rows cost with their heads, in passes of one row, followed as they are timed.
package struct PassCostCurve {
  /// Seconds of a pass of 1, 2, ... rows; nil before any has been timed.
  private var seconds: [Double]?

  /// Costs before any has been timed: rows share one read of the weights, and arithmetic shows the more of them
  /// there are.
  package static let defaultCosts = [1, 1.03, 1.1, 1.18, 1.25, 1.34, 1.43, 1.52]

  /// Weight of a new timing.
  private static let gain = 0.05
  /// Bounds of a timing, relative to what is known: something may interrupt a pass, which says nothing.
  private static let bounds = (least: 0.8, most: 1.25)
  /// What the seconds of other numbers of rows go with a timing towards the usual ones beside it, so that one
  /// which looked bad is tried again.
  private static let forgetting = 0.003

  package init() {}

  /// Cost of a pass of 1, 2, ... rows, never falling.
  package var costs: [Double] {
    guard let seconds, let one = seconds.first else { return Self.defaultCosts }
    return seconds.reduce(into: []) { $0.append(max($1 / one, $0.last ?? 1)) }
  }

  /// Notes the time of a pass of `rows` rows.
  package mutating func record(rows: Int, seconds time: Double) {
    let usual = Self.defaultCosts
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
