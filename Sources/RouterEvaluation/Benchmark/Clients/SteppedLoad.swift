/// Closed-loop load whose clients become more and fewer without a break.
package struct SteppedLoad: Sendable {
  private let examples: [PromptExample]
  private let maximumTokens: Int
  /// Clients, step by step.
  private let steps: [Int]
  /// Of each step.
  private let duration: Duration

  /// What a target made of it.
  package struct Result: Sendable, Encodable {
    package let target: String
    /// Clients, step by step.
    package let clients: [Int]
    /// Of all clients together, step by step.
    package let tokensPerSecond: [Sample]
    /// Over all steps.
    package let overall: Sample
    /// Answers of the first repetition, in the order in which they began.
    package let answers: [Answer]

    private enum CodingKeys: String, CodingKey {
      case target, clients, overall, answers
      case tokensPerSecond = "tokens_per_second"
    }
  }

  /// When an answer began and ended, in seconds from the start of the load, and how it was decoded.
  package struct Answer: Sendable, Encodable {
    package let began: Double
    package let ended: Double
    package let way: String?
  }

  /// - Parameters:
  ///   - examples: prompts, taken in turn, at least one.
  ///   - maximumTokens: new tokens of an answer at most.
  ///   - steps: clients at a time, at least one of each.
  ///   - duration: of a step.
  package init(_ examples: [PromptExample], maximumTokens: Int, steps: [Int], duration: Duration) {
    self.examples = examples
    self.maximumTokens = maximumTokens
    self.steps = steps
    self.duration = duration
  }

  /// Puts targets under the load, in turn.
  ///
  /// - Parameter progress: receives the share of the work that is done.
  package func run(
    _ targets: [any LoadTarget], repetitions: Int, progress: (Double) -> Void
  ) async throws -> [Result] {
    for target in targets { _ = try await target.answer(examples[0], maximumTokens: 8) }
    var runs = targets.map { _ in [Run]() }
    for repetition in 0..<repetitions {
      for turn in targets.indices {
        let index = (turn + repetition) % targets.count
        runs[index].append(try await run(targets[index]))
        progress(Double(repetition * targets.count + turn + 1) / Double(repetitions * targets.count))
      }
    }
    return zip(targets, runs).map { target, runs in
      Result(
        target: target.name, clients: steps,
        tokensPerSecond: steps.indices.map { step in Sample(runs.map { $0.rates[step] }) },
        overall: Sample(runs.map { $0.rates.reduce(0, +) / Double(steps.count) }),
        answers: runs.first?.answers ?? [])
    }
  }

  private struct Run {
    let rates: [Double]
    let answers: [Answer]
  }

  private func run(_ target: any LoadTarget) async throws -> Run {
    let clock = ContinuousClock()
    let started = clock.now
    let queue = PromptQueue()
    let ends = (1...steps.count).map { started + duration * $0 }
    let answers = try await withThrowingTaskGroup(of: [AnswerTimes].self) { group in
      for client in 0..<(steps.max() ?? 1) {
        group.addTask {
          var answers: [AnswerTimes] = []
          while let step = ends.firstIndex(where: { clock.now < $0 }) {
            guard client < steps[step] else {
              try await clock.sleep(until: ends[step])
              continue
            }
            guard let index = queue.next() else { break }
            answers.append(
              try await target.answer(examples[index % examples.count], maximumTokens: maximumTokens))
          }
          return answers
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    let rates = ends.map { end in
      answers.reduce(0) { $0 + $1.tokens(after: end - duration, until: end) } / (duration / .seconds(1))
    }
    return Run(
      rates: rates,
      answers: answers.sorted { $0.started < $1.started }.map {
        Answer(
          began: ($0.started - started) / .seconds(1), ended: ($0.ended - started) / .seconds(1), way: $0.way)
      })
  }
}
