/// What passes of several rows cost, in passes of one row, followed as they are timed.
struct PassTimes {
  /// Cost of a pass of 1, 2, ... rows, never falling.
  private(set) var costs = Self.usualCosts
  /// Seconds of a pass of one row.
  private var seconds: Double?

  /// Costs before any has been timed: rows share one read of the weights, and arithmetic shows the more of them there are.
  static let usualCosts = [1, 1.07, 1.17, 1.29, 1.38, 1.49, 1.6, 1.73]

  /// Weight of a new timing.
  private static let gain = 0.1
  /// What a cost goes back to the usual one with each timing, so that one which looked bad is tried again.
  private static let forgetting = 0.003
  /// Step of the tracked seconds, and the share of timings that lies below them: something may interrupt a pass,
  /// and nothing makes it faster.
  private static let (step, quantile) = (0.04, 0.4)

  mutating func record(rows: Int, seconds time: Double) {
    guard costs.indices.contains(rows - 1), time > 0 else { return }
    let place = rows - 1
    let one = seconds ?? time / costs[place]
    let surprise = time / one - costs[place]
    seconds = one * (1 + Self.step * (surprise > 0 ? Self.quantile : Self.quantile - 1))
    for other in costs.indices.dropFirst() {
      costs[other] += Self.forgetting * (Self.usualCosts[other] - costs[other])
    }
    if place > 0 { costs[place] += Self.gain * min(max(surprise, -0.5), 0.5) }
    for other in costs.indices.dropFirst() { costs[other] = max(costs[other], costs[other - 1]) }
  }
}
