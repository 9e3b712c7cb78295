import RouterModel

/// Runs the tokens of one sequence, so that each time the next one can be chosen.
protocol DecodingStep: AnyObject {
  /// What chooses the next token, after `prefill` with `isLast` and after `run`.
  var next: HeadOutput { get }

  /// Runs prompt tokens through all layers; if `isLast`, the token after the last one can be chosen then.
  func prefill(_ tokens: ArraySlice<Int32>, isLast: Bool) throws(ModelError)

  /// Runs one token; the token after it can be chosen then.
  ///
  /// - Parameter index: 0-based index, within the answer, of the token that is chosen then.
  func run(_ token: Int32, index: Int) throws(ModelError) -> TokenExit

  /// What guessing ahead came to; nil if nothing is guessed.
  var verification: DraftingSummary? { get }

  var session: InferenceSession { get }
}

extension DecodingStep {
  /// What every step does with prompt tokens.
  func runPrompt(_ tokens: ArraySlice<Int32>, isLast: Bool) throws(ModelError) {
    try session.begin(tokens)
    session.advanceForLast()
    next.beginRound()
    if isLast { next.conclude(row: session.rowCount - 1) }
    session.commitFull()
  }
}

/// What came of one token.
struct TokenExit {
  /// Layers that made what chooses the next token.
  let depth: Int
  /// What a policy measured where it let the token go, or last.
  let confidence: Float?
}

/// How far guessing ahead went in an answer.
public struct DraftingSummary: Sendable, Equatable, Codable {
  /// Passes through the layers, each for one token and the guesses that follow it.
  public internal(set) var rounds = 0
  /// Tokens that were guessed and run.
  public internal(set) var drafted = 0
  /// Of those, the ones that were then chosen.
  public internal(set) var accepted = 0

  /// Tokens that a pass yields on average; 0 without any.
  public var tokensPerRound: Double { rounds == 0 ? 0 : Double(rounds + accepted) / Double(rounds) }

  package init(rounds: Int = 0, drafted: Int = 0, accepted: Int = 0) {
    self.rounds = rounds
    self.drafted = drafted
    self.accepted = accepted
  }
}
