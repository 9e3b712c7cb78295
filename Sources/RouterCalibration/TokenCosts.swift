/// What the parts of a token cost on one machine, in layers.
package struct TokenCosts: Sendable, Equatable {
  /// One head, all logits of it.
  package var head: Double
  /// Finding the most probable token where nobody has asked for the logits; at most a head.
  package var argmax: Double
  /// One decision, its head not included.
  package var decision: Double
  /// What a layer that a token skipped costs all the same: its keys and values.
  package var skipped: Double

  /// Collects costs.
  package init(head: Double, argmax: Double? = nil, decision: Double = 0, skipped: Double = 0) {
    self.head = head
    self.argmax = argmax ?? head
    self.decision = decision
    self.skipped = skipped
  }

  /// Whether every cost is a finite number of at least 0.
  var areValid: Bool { [head, argmax, decision, skipped].allSatisfy { $0.isFinite && $0 >= 0 } }
}
