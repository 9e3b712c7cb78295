/// What an audit found: which tokens of an answer full depth would have chosen after the same tokens.
package struct AuditedAnswer: Sendable, Equatable {
  /// `[T]`: whether full depth's most probable token is the answer's.
  package let agreements: [Bool]

  /// Keeps what was found.
  package init(agreements: [Bool]) { self.agreements = agreements }

  /// Share of the tokens that full depth would not have chosen, in 0...1: the loss `disagreement` of
  /// `router calibrate`. 0 for no tokens.
  package var disagreement: Double {
    agreements.isEmpty ? 0 : Double(agreements.count { !$0 }) / Double(agreements.count)
  }
}
