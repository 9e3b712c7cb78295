/// What the narrow head says at every exit and at full depth along one full-depth answer.
package struct NarrowPilot: Sendable, Equatable, Codable {
  /// Depths, ascending; full depth is the last.
  package let exits: [Int]
  /// f32 `[T, E]`, row-major, by estimator: the confidence at each exit of each token, in 0...1.
  package let scores: [String: [Float]]
  /// `[T, E]`, row-major: each exit's most likely token.
  package let choices: [Int32]

  /// Joins what was found.
  package init(exits: [Int], scores: [String: [Float]], choices: [Int32]) {
    self.exits = exits
    self.scores = scores
    self.choices = choices
  }

  /// Whether there is one number for each of so many tokens at some exits and at one more.
  func fits(tokens: Int, exits below: [Int]) -> Bool {
    let count = tokens * exits.count
    return exits.count == below.count + 1 && Array(exits.dropLast()) == below
      && (exits.last ?? 0) > (below.last ?? 0) && choices.count == count
      && scores.values.allSatisfy { $0.count == count && $0.allSatisfy { (0...1).contains($0) } }
  }
}
