import RouterDecoding

/// Ways of decoding side by side: every prompt is answered in each, in turn, and what differs is told.
package struct ModeComparison: Sendable {
  /// What came of one way on all prompts of one file.
  package struct Result: Sendable, Encodable {
    /// The file of the prompts, without directories.
    package let data: String
    package let way: String
    package let prompts: Int
    /// Tokens that were timed: each answer's, but for its first, which comes from the prompt.
    package let tokens: Int
    /// Over all prompts.
    package let tokensPerSecond: Double
    /// Seconds per token at full depth over those in this way, over all prompts.
    package let speedup: Double
    /// The same, prompt by prompt.
    package let speedups: Sample
    /// Prompts whose answer is full depth's, token for token.
    package let identical: Int
    /// Layers per token.
    package let meanDepth: Double
    /// Tokens that a pass yields, where tokens are drafted.
    package let tokensPerPass: Double?
    /// Share of drafts that were accepted.
    package let acceptance: Double?

    private enum CodingKeys: String, CodingKey {
      case data, way, prompts, tokens, speedup, speedups, identical, acceptance
      case tokensPerSecond = "tokens_per_second"
      case meanDepth = "mean_depth"
      case tokensPerPass = "tokens_per_pass"
    }
  }

  private let language: LanguageModel
  /// Full depth first.
  private let ways: [DecodingWay]
  private let maximumTokens: Int

  /// Answers that are shorter say more about the clock than about the way.
  private static let leastTokens = 8

  /// - Parameters:
  ///   - ways: besides full depth, which is always there.
  ///   - maximumTokens: new tokens of an answer at most.
  package init(_ language: LanguageModel, ways: [DecodingWay], maximumTokens: Int) {
    self.language = language
    self.ways = [.full] + ways
    self.maximumTokens = maximumTokens
  }

  /// Answers the prompts of `rows`.
  ///
  /// - Parameter progress: receives the share of the prompts that are done.
  package func run(_ examples: [PromptExample], data: String, progress: (Double) -> Void) throws -> [Result] {
    var answers = ways.map { _ in [FreeRunningAnswer]() }
    for (index, example) in examples.enumerated() {
      let prompt = try language.promptTokens(of: example)
      guard let room = try? language.limits.room(behind: prompt) else { continue }
      var turn = [FreeRunningAnswer?](repeating: nil, count: ways.count)
      // The order changes, so that no way always comes after the same other.
      for place in ways.indices {
        let way = (place + index) % ways.count
        turn[way] = try FreeRunningAnswer(
          prompt: prompt, maximumTokens: min(maximumTokens, room), decoding: ways[way].decoding,
          stopStrings: language.chatStopStrings, on: language)
      }
      for (way, answer) in turn.enumerated() { if let answer { answers[way].append(answer) } }
      progress(Double(index + 1) / Double(examples.count))
    }
    return zip(ways, answers).map { way, found in
      result(way, found, full: answers[0], data: data)
    }
  }

  private func result(
    _ way: DecodingWay, _ answers: [FreeRunningAnswer], full: [FreeRunningAnswer], data: String
  ) -> Result {
    func secondsPerToken(_ answers: [FreeRunningAnswer]) -> Double {
      answers.reduce(0) { $0 + $1.seconds } / Double(max(1, answers.reduce(0) { $0 + $1.timedCount }))
    }
    let pairs = zip(answers, full)
    let long = pairs.filter { min($0.timedCount, $1.timedCount) >= Self.leastTokens }
    let tokens = answers.reduce(0) { $0 + $1.timedCount }
    let all = answers.reduce(0) { $0 + $1.tokens.count }
    let (seconds, fullSeconds) = (secondsPerToken(answers), secondsPerToken(full))
    let summaries = answers.compactMap(\.drafting)
    let (rounds, drafted, accepted) = summaries.reduce((0, 0, 0)) {
      ($0.0 + $1.rounds, $0.1 + $1.drafted, $0.2 + $1.accepted)
    }
    return Result(
      data: data, way: way.name, prompts: answers.count, tokens: tokens,
      tokensPerSecond: seconds > 0 ? 1 / seconds : 0, speedup: seconds > 0 ? fullSeconds / seconds : 0,
      speedups: Sample(long.map { secondsPerToken([$1]) / secondsPerToken([$0]) }),
      identical: pairs.count { $0.tokens == $1.tokens },
      meanDepth: Double(answers.reduce(0) { $0 + $1.depths.reduce(0, +) }) / Double(max(1, all)),
      tokensPerPass: rounds > 0 ? Double(rounds + accepted) / Double(rounds) : nil,
      acceptance: drafted > 0 ? Double(accepted) / Double(drafted) : nil)
  }
}

extension FreeRunningAnswer {
  /// Tokens that `seconds` were spent on: all but the first, which comes from the prompt.
  fileprivate var timedCount: Int { max(0, tokens.count - 1) }
}
