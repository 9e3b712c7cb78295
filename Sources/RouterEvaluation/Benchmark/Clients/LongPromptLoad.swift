import RouterTensor

/// A long prompt that arrives among answers: what it does to their time between tokens, and they to its first token.
package struct LongPromptLoad: Sendable {
  /// What came of it, over all repetitions.
  package struct Result: Sendable, Encodable {
    package let target: String
    package let clients: Int
    /// Tokens of the long prompt, as a model of this kind reads it.
    package let promptTokens: Int
    /// Seconds between the others' tokens without it, and while it is read.
    package let without: Percentiles
    package let beside: Percentiles
    /// Seconds to its own first token alone, and among the others.
    package let firstTokenAlone: Sample
    package let firstTokenBeside: Sample

    private enum CodingKeys: String, CodingKey {
      case target, clients, without, beside
      case promptTokens = "prompt_tokens"
      case firstTokenAlone = "first_token_alone_seconds"
      case firstTokenBeside = "first_token_beside_seconds"
    }
  }

  private let examples: [PromptExample]
  private let long: PromptExample
  private let promptTokens: Int
  private let maximumTokens: Int

  /// - Parameters:
  ///   - examples: prompts of the others, at least one.
  ///   - long: the long prompt, of `promptTokens` tokens.
  ///   - maximumTokens: new tokens of each answer; enough that the others still answer when it has been read.
  package init(_ examples: [PromptExample], long: PromptExample, promptTokens: Int, maximumTokens: Int) {
    self.examples = examples
    self.long = long
    self.promptTokens = promptTokens
    self.maximumTokens = maximumTokens
  }

  /// Measures one target.
  package func run(_ target: any LoadTarget, clients: Int, repetitions: Int) async throws -> Result {
    var (without, beside): ([Double], [Double]) = ([], [])
    var (alone, among): (Sample, Sample) = (Sample(), Sample())
    for repetition in 0..<repetitions {
      let first = try await target.answer(long, maximumTokens: 1)
      alone.append(first.firstToken ?? (first.ended - first.started) / .seconds(1))
      let undisturbed = try await withThrowingTaskGroup(of: AnswerTimes.self) { group in
        for client in 0..<clients {
          let example = examples[(repetition * clients + client) % examples.count]
          group.addTask { try await target.answer(example, maximumTokens: maximumTokens) }
        }
        var answers: [AnswerTimes] = []
        for try await answer in group { answers.append(answer) }
        return answers
      }
      without += Self.gaps(of: undisturbed, from: nil, to: nil)
      let (others, own) = try await withThrowingTaskGroup(of: (isLong: Bool, times: AnswerTimes).self) {
        group in
        for client in 0..<clients {
          let example = examples[(repetition * clients + client) % examples.count]
          group.addTask { (false, try await target.answer(example, maximumTokens: maximumTokens)) }
        }
        group.addTask {
          // Once the others answer.
          try await Task.sleep(for: .milliseconds(500))
          return (true, try await target.answer(long, maximumTokens: 1))
        }
        var (others, own): ([AnswerTimes], AnswerTimes?) = ([], nil)
        for try await answer in group {
          if answer.isLong { own = answer.times } else { others.append(answer.times) }
        }
        return (others, own)
      }
      guard let own else { continue }
      among.append(own.firstToken ?? (own.ended - own.started) / .seconds(1))
      beside += Self.gaps(of: others, from: own.started, to: own.ended)
    }
    return Result(
      target: target.name, clients: clients, promptTokens: promptTokens, without: Percentiles(without),
      beside: Percentiles(beside), firstTokenAlone: alone, firstTokenBeside: among)
  }

  /// Seconds between tokens while all answer and, if there are bounds, between those.
  private static func gaps(
    of answers: [AnswerTimes], from start: ContinuousClock.Instant?, to end: ContinuousClock.Instant?
  ) -> [Double] {
    let all = answers.compactMap(\.arrivals.first).max()
    let first = answers.map(\.ended).min()
    return answers.flatMap { answer in
      zip(answer.gaps, answer.arrivals.dropFirst()).compactMap { gap, arrival in
        let isWithin = start.map { arrival >= $0 } ?? (all.map { arrival > $0 } ?? true)
        let isBefore = (end ?? first).map { arrival <= $0 } ?? true
        return isWithin && isBefore ? gap : nil
      }
    }
  }
}
