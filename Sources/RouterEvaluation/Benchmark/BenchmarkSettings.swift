import RouterCheckpoint
import RouterModel

/// Which rows a benchmark has.
package struct BenchmarkSettings: Sendable {
  /// Prompt lengths.
  package let prefills: [Int]
  /// Positions before the tokens that are decoded.
  package let contexts: [Int]
  /// Tokens that are decoded.
  package let tokens: Int
  /// Numbers of threads.
  package let threads: [Int]
  /// Depths at which every token leaves; nil for full depth.
  package let depths: [Int]?
  /// Shares of the layers that tokens run in a replay, beside each row of decoded tokens; empty for none.
  package let replayed: [Double]
  /// How the most probable token is found when decoding.
  package let heads: [BenchmarkHead]
  /// Times that each row is run.
  package let repetitions: Int

  /// Checks a choice of rows.
  ///
  /// - Throws: ``EvaluationError`` `invalidSetting` for a count below 1, a negative context, or no rows.
  package init(
    prefills: [Int] = [32, 128, 512], contexts: [Int] = [0, 512, 2048], tokens: Int = 128, threads: [Int],
    depths: [Int]? = nil, replayed: [Double] = [], heads: [BenchmarkHead] = [.full], repetitions: Int = 5
  ) throws(EvaluationError) {
    self.prefills = prefills
    self.contexts = contexts
    self.tokens = tokens
    self.threads = threads
    self.depths = depths
    self.replayed = Array(replayed.prefix(tokens))
    self.heads = heads
    self.repetitions = repetitions
    let counts =
      prefills.map { ("a prompt length", $0) } + threads.map { ("a number of threads", $0) }
      + (depths ?? []).map { ("a depth", $0) }
      + [("the number of tokens", tokens), ("the number of repetitions", repetitions)]
    for (name, count) in counts where count < 1 {
      throw Self.invalid("\(name) is \(count)", "Use at least 1.")
    }
    for context in contexts where context < 0 {
      throw Self.invalid("a context is \(context)", "Use at least 0.")
    }
    if phases.isEmpty || threads.isEmpty || heads.isEmpty || depths?.isEmpty == true {
      throw Self.invalid("there is nothing to measure", "Ask for prompts or contexts, threads and depths.")
    }
  }

  /// All phases, prompts first.
  package var phases: [BenchmarkPhase] {
    prefills.map { .prefill(tokens: $0) }
      + contexts.flatMap { context -> [BenchmarkPhase] in
        [.decode(tokens: tokens, context: context)]
          + (replayed.isEmpty ? [] : [.replay(shares: replayed, context: context)])
      }
  }

  /// Checks that a model can run this.
  ///
  /// - Throws: ``EvaluationError`` `invalidSetting` for a row beyond its context, or a depth that is no exit.
  package func check(_ subject: BenchmarkSubject) throws(EvaluationError) {
    let longest = phases.map { $0.context + $0.tokens }.max() ?? 0
    let limit = subject.model.configuration.contextLength
    if longest > limit {
      throw Self.invalid(
        "a row has \(longest) positions; the model's context has \(limit)",
        "Ask for shorter prompts, contexts or fewer tokens.")
    }
    for depth in depths ?? [] where !subject.model.exits.contains(depth) {
      throw Self.invalid(
        "the model has no exit after layer \(depth)",
        "Choose among \(subject.model.exits.map(String.init).joined(separator: ", ")).")
    }
  }

  private static func invalid(_ what: String, _ remedy: String) -> EvaluationError {
    EvaluationError(.invalidSetting, what, remedy: remedy)
  }
}
