/// How far drafting went in an answer.
public struct DraftingSummary: Sendable, Equatable, Codable {
  /// Passes through the layers, each for one token and the drafts that follow it.
  public internal(set) var rounds = 0
  /// Tokens that were drafted and run.
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
