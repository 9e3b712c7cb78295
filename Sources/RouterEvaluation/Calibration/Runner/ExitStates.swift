import RouterCalibration
import RouterExit

/// Hidden states of some prompts' full-depth answers, by exit.
struct ExitStates: Sendable {
  /// In the order in which they were joined.
  private(set) var answers: [PilotAnswer] = []
  /// `[E]`: tokens with their states; targets are not set.
  private(set) var tokens: [EstimatorTrainer.Tokens]

  init(exitCount: Int) { tokens = (0..<exitCount).map { _ in EstimatorTrainer.Tokens() } }

  /// Joins the states of one more answer.
  mutating func append(_ answer: AnswerStates) {
    let count = answer.answer.tokenCount
    for exit in tokens.indices {
      tokens[exit].states += answer.states[exit]
      tokens[exit].tokenIndices += Array(0..<count)
      tokens[exit].prompts += [Int](repeating: answers.count, count: count)
    }
    answers.append(answer.answer)
  }

  /// What a network of a kind should say at an exit, for each token.
  func targets(_ kind: LearnedEstimator.Kind, exitIndex: Int) -> [Float] {
    answers.flatMap { answer in
      (0..<answer.tokenCount).map { token -> Float in
        switch kind {
        case .probe, .mlp: answer.agrees(token: token, exitIndex: exitIndex) ? 1 : 0
        case .entropyProbe:
          answer.scores[ExitEstimator.entropy.name]?[token * answer.exits.count + exitIndex] ?? 0
        }
      }
    }
  }
}
