/// What an audit found.
package struct AuditedAnswer: Sendable, Equatable {
  /// How far the answer is from full depth, in 0...1.
  package let loss: Double
  /// Tokens of the answer.
  package let tokenCount: Int

  /// Keeps what was found.
  package init(loss: Double, tokenCount: Int) {
    self.loss = loss
    self.tokenCount = tokenCount
  }

  /// Keeps which tokens, at least one, full depth would have chosen after the same tokens.
  package init(agreements: [Bool]) {
    self.init(
      loss: Double(agreements.count { !$0 }) / Double(max(agreements.count, 1)), tokenCount: agreements.count)
  }
}
