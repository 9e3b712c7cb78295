import RouterCalibration
import RouterDecoding
import RouterExit

/// Full depth as a teacher: what every exit would have said along its answers.
struct CalibrationTeacher {
  private let language: LanguageModel
  private let forcing: TeacherForcing

  init(_ language: LanguageModel) {
    self.language = language
    forcing = TeacherForcing(language)
  }

  /// Looks at what every exit says along an answer.
  ///
  /// - Parameters:
  ///   - prompt: 0-based number of the prompt.
  ///   - observe: see ``TeacherForcing/scores(of:scored:exits:observe:)``.
  func pilot(
    _ prompt: Int, promptTokens: [Int32], answer: [Int32],
    observe: (Int, UnsafeBufferPointer<Float>) -> Void
  ) throws -> PilotAnswer {
    let tokens = promptTokens + answer
    let scores = try forcing.scores(
      of: tokens, scored: promptTokens.count..<tokens.count, exits: language.exits, observe: observe)
    let exits = language.exitsBelowFullDepth
    let full = (scores.last ?? []).map { $0.argmax ?? -1 }
    var choices: [Int32] = []
    var confidences: [String: [Float]] = [:]
    for position in full.indices {
      for exit in exits.indices {
        let score = scores[exit][position]
        // Logits that are not finite agree with nothing.
        choices.append(score.argmax ?? -2)
        for estimator in ExitEstimator.parameterFree {
          confidences[estimator.name, default: []].append(score.confidence(estimator))
        }
      }
    }
    return try PilotAnswer(prompt: prompt, exits: exits, scores: confidences, choices: choices, full: full)
  }
}
