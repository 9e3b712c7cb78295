/// What a target made of a number of clients, over all repetitions.
package struct ClientLoadResult: Sendable, Encodable {
  package let target: String
  package let clients: Int
  /// Of all clients together.
  package let tokensPerSecond: Sample
  /// Seconds to the first token.
  package let firstToken: Percentiles
  /// Seconds between tokens.
  package let betweenTokens: Percentiles
  /// Tokens of all answers.
  package let tokens: Int
  /// Bytes of this process after the last run; nil where the system does not tell.
  package let residentByteCount: Int?

  private enum CodingKeys: String, CodingKey {
    case target, clients, tokens
    case tokensPerSecond = "tokens_per_second"
    case firstToken = "first_token_seconds"
    case betweenTokens = "between_tokens_seconds"
    case residentByteCount = "resident_bytes"
  }

  init(target: String, clients: Int, runs: [LoadRun]) {
    self.target = target
    self.clients = clients
    tokensPerSecond = Sample(runs.map(\.tokensPerSecond))
    firstToken = Percentiles(runs.flatMap(\.firstTokens))
    betweenTokens = Percentiles(runs.flatMap(\.gaps))
    tokens = runs.reduce(0) { $0 + $1.tokens }
    residentByteCount = runs.last?.resident
  }
}
