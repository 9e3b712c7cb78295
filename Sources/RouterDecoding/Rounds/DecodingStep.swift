import RouterModel

/// Runs the tokens of one sequence, so that each time the next one can be chosen.
protocol DecodingStep: AnyObject {
  /// What chooses the next token, after `prefill` with `isLast` and after `run`.
  var head: HeadOutput { get }

  /// Runs prompt tokens through all layers; if `isLast`, the token after the last one can be chosen then.
  func prefill(_ tokens: ArraySlice<Int32>, isLast: Bool) throws(ModelError)

  /// Runs one token; the token after it can be chosen then.
  ///
  /// - Parameter index: 0-based index, within the answer, of the token that is chosen then.
  func run(_ token: Int32, index: Int) throws(ModelError) -> TokenExit

  /// What drafting came to; nil if nothing is drafted.
  var drafting: DraftingSummary? { get }

  var session: InferenceSession { get }
}

extension DecodingStep {
  /// What every step does with prompt tokens.
  func runPrompt(_ tokens: ArraySlice<Int32>, isLast: Bool) throws(ModelError) {
    try session.begin(tokens)
    session.advanceForLast()
    head.beginRound()
    if isLast { head.conclude(row: session.rowCount - 1) }
    session.commitFull()
  }
}
