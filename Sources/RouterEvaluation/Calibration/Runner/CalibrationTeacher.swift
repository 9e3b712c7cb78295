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
    let heads: [HeadWidth] = language.hasNarrowHead ? [.full, .narrow] : [.full]
    let scores = try forcing.scores(
      of: tokens, scored: promptTokens.count..<tokens.count, exits: language.exits, heads: heads,
      observe: observe)
    let full = (scores[.full]?.last ?? []).map { $0.argmax ?? -1 }
    let below = columns((scores[.full] ?? []).dropLast(), estimators: ExitEstimator.parameterFree)
    let narrow = scores[.narrow].map {
      columns($0[...], estimators: [.maximumProbability, .margin, .entropy])
    }
    return try PilotAnswer(
      prompt: prompt, exits: language.exitsBelowFullDepth, scores: below.confidences, choices: below.choices,
      full: full,
      narrow: narrow.map { NarrowPilot(exits: language.exits, scores: $0.confidences, choices: $0.choices) })
  }

  /// `[T, E]`, row-major, of scores `[E][T]`: choices, and confidences by estimator.
  private func columns(
    _ scores: ArraySlice<[TeacherForcing.Score]>, estimators: [ExitEstimator]
  ) -> (choices: [Int32], confidences: [String: [Float]]) {
    var choices: [Int32] = []
    var confidences: [String: [Float]] = [:]
    for position in (scores.first ?? []).indices {
      for exit in scores {
        // Logits that are not finite agree with nothing.
        choices.append(exit[position].argmax ?? -2)
        for estimator in estimators {
          confidences[estimator.name, default: []].append(exit[position].confidence(estimator))
        }
      }
    }
    return (choices, confidences)
  }
}
