/// How likely the rows of one round are to be reached, draft by draft.
package struct DraftChances: Sendable {
  /// Probability that each row is reached: that the drafts up to it are accepted.
  private var chances = [1.0]

  package init() {}

  /// Probability that all drafts so far are accepted.
  package var last: Double { chances.last ?? 1 }

  package mutating func add(acceptance: Double) { chances.append(last * acceptance) }

  /// Rows, from the first on, that are reached with a probability of `least` or more.
  package func rowCount(reachedWith least: Double) -> Int { chances.prefix { $0 >= least }.count }
}
