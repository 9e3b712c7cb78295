/// How many rows of prompts a sweep takes, so that they delay the tokens of other sequences by a bounded time.
package enum PromptBudget {
  /// Sweeps without prompts that the prompts of one may take: at the 95th percentile a token then takes three
  /// times its time, and a prompt 1.6 times as long as alone (4,000 tokens among 8 answers, two cores).
  package static let factor = 2.35
  /// Rows that a sweep takes in any case, so that a prompt moves on.
  static let leastRows = 4
  /// Rows that it takes before any prompt has been timed.
  static let firstRows = 64

  /// Rows for prompts in the next sweep.
  ///
  /// - Parameters:
  ///   - others: rows of sequences that are beyond their prompts.
  ///   - limit: rows of a sweep.
  package static func rows(beside others: Int, costs: SweepCosts, limit: Int) -> Int {
    let free = max(limit - others, leastRows)
    guard others > 0 else { return free }
    let fitting = costs.promptRows(beside: others, factor: factor) ?? firstRows
    return min(max(fitting, leastRows), free)
  }

  /// Deals rows to prompts, first come, first served.
  ///
  /// - Parameter left: tokens that each prompt has left.
  package static func deal(_ rows: Int, to left: [Int]) -> [Int] {
    var rest = rows
    return left.map { count in
      let taken = min(count, rest)
      rest -= taken
      return taken
    }
  }
}
