import RouterTensor

/// Closed-loop load: each client sends its next prompt when it has the answer to the one before.
///
/// Targets take turns within a repetition, so that all see the same machine. Tokens are counted while all clients are
/// busy: from the start until the first finds no prompt left.
package struct ClientLoad: Sendable {
  private let examples: [PromptExample]
  private let maximumTokens: Int

  /// Answers that each client gives at least.
  private static let answersPerClient = 3
  /// Answers of a run at least.
  private static let leastAnswers = 8

  /// - Parameters:
  ///   - examples: prompts, taken in turn, at least one.
  ///   - maximumTokens: new tokens of an answer at most.
  package init(_ examples: [PromptExample], maximumTokens: Int) {
    self.examples = examples
    self.maximumTokens = maximumTokens
  }

  /// Puts targets under load, in turn.
  ///
  /// - Parameters:
  ///   - clients: how many there are at a time, run by run.
  ///   - progress: receives the share of the work that is done.
  package func run(
    _ targets: [any LoadTarget], clients: [Int], repetitions: Int, progress: (Double) -> Void
  ) async throws -> [ClientLoadResult] {
    for target in targets { _ = try await target.answer(examples[0], maximumTokens: 8) }
    var results: [ClientLoadResult] = []
    for (place, count) in clients.enumerated() {
      var runs = targets.map { _ in [LoadRun]() }
      for repetition in 0..<repetitions {
        for turn in targets.indices {
          // The order changes, so that no target always comes after the same other.
          let index = (turn + repetition) % targets.count
          runs[index].append(try await load(targets[index], clients: count))
          let done = (place * repetitions + repetition) * targets.count + turn + 1
          progress(Double(done) / Double(clients.count * repetitions * targets.count))
        }
      }
      results += zip(targets, runs).map { ClientLoadResult(target: $0.name, clients: count, runs: $1) }
    }
    return results
  }

  /// One run of `count` clients.
  private func load(_ target: any LoadTarget, clients count: Int) async throws -> LoadRun {
    let total = max(Self.leastAnswers, Self.answersPerClient * count)
    let queue = PromptQueue(count: total)
    let clock = ContinuousClock()
    let started = clock.now
    let (answers, first) = try await withThrowingTaskGroup(
      of: (answers: [AnswerTimes], ended: ContinuousClock.Instant).self
    ) { group in
      for _ in 0..<count {
        group.addTask {
          var answers: [AnswerTimes] = []
          while let index = queue.next() {
            answers.append(
              try await target.answer(examples[index % examples.count], maximumTokens: maximumTokens))
          }
          return (answers, clock.now)
        }
      }
      var (answers, first): ([AnswerTimes], ContinuousClock.Instant?) = ([], nil)
      for try await client in group {
        answers += client.answers
        first = min(first ?? client.ended, client.ended)
      }
      return (answers, first ?? clock.now)
    }
    return LoadRun(answers, from: started, to: first, resident: SystemMemory.resident)
  }
}
