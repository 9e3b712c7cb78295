/// Counts on how many tokens a round comes to, guess by guess.
struct DraftBudget {
  private let outlook: AcceptanceEstimate
  /// Probability that each row is reached: that the guesses up to it are right.
  private var chances = [1.0]
  /// Probability that all guesses so far are right.
  private var chance: Double { chances.last ?? 1 }
  /// Tokens that the round yields on average.
  private var yield = 1.0
  private var rows: Int { chances.count }

  init(_ outlook: AcceptanceEstimate) { self.outlook = outlook }

  /// Whether a pass can take another row.
  var hasRoom: Bool { rows < outlook.costs.count }

  /// Share of a source's guesses that were right.
  func acceptance(of source: DraftSource) -> Double { outlook.acceptance(of: source) }

  /// Whether a guess yields more for its time than the round does without it.
  ///
  /// - Parameter extra: what the guess costs beyond its row, in passes of one row.
  func pays(_ source: DraftSource, extra: Double = 0) -> Bool {
    guard hasRoom else { return false }
    let gain = chance * outlook.acceptance(of: source)
    return (yield + gain) / (outlook.costs[rows] + extra) > yield / outlook.costs[rows - 1]
  }

  mutating func add(_ source: DraftSource) {
    chances.append(chance * outlook.acceptance(of: source))
    yield += chance
  }

  /// Rows, from the first on, that are reached with a probability of `least` or more.
  func rowCount(reachedWith least: Double) -> Int { chances.prefix { $0 >= least }.count }
}
