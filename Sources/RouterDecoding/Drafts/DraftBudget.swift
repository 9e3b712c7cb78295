/// Draft budget of one round: how many tokens it comes to, draft by draft, for what it costs.
package struct DraftBudget {
  private let estimate: AcceptanceEstimate
  /// Probability that each row is reached: that the drafts up to it are accepted.
  private var chances = [1.0]
  /// Probability that all drafts so far are accepted.
  private var chance: Double { chances.last ?? 1 }
  /// Tokens that the round yields on average.
  private var yield = 1.0
  private var rows: Int { chances.count }

  package init(_ estimate: AcceptanceEstimate) { self.estimate = estimate }

  /// Whether a pass can take another row.
  var hasRoom: Bool { rows < estimate.costs.count }

  /// Acceptance rate of a source.
  func acceptance(of source: DraftSource) -> Double { estimate.acceptance(of: source) }

  /// Whether a draft yields more for its time than the round does without it.
  ///
  /// - Parameter extra: what the draft costs beyond its row, in passes of one row.
  package func pays(_ source: DraftSource, extra: Double = 0) -> Bool {
    guard hasRoom else { return false }
    let gain = chance * estimate.acceptance(of: source)
    return (yield + gain) / (estimate.costs[rows] + extra) > yield / estimate.costs[rows - 1]
  }

  package mutating func add(_ source: DraftSource) {
    chances.append(chance * estimate.acceptance(of: source))
    yield += chance
  }

  /// Rows, from the first on, that are reached with a probability of `least` or more.
  func rowCount(reachedWith least: Double) -> Int { chances.prefix { $0 >= least }.count }
}
