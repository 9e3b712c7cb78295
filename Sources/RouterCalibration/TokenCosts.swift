/// What the parts of a token cost on one machine, in layers.
package struct TokenCosts: Sendable, Equatable, Codable {
  /// One head, all logits of it.
  package var head: Double
  /// Choosing a token whose logits nobody has asked for; at most a head.
  package var choice: Double
  /// One decision, its head not included.
  package var check: Double
  /// What a layer that a token skipped costs all the same: its keys and values.
  package var skipped: Double

  /// Collects costs.
  package init(head: Double, choice: Double? = nil, check: Double = 0, skipped: Double = 0) {
    self.head = head
    self.choice = choice ?? head
    self.check = check
    self.skipped = skipped
  }

  /// Whether every cost is a finite number of at least 0.
  var areValid: Bool { [head, choice, check, skipped].allSatisfy { $0.isFinite && $0 >= 0 } }
}
