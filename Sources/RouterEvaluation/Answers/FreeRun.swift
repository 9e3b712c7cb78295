import RouterDecoding
import RouterExit

/// One free-running answer, greedy unless told otherwise.
package struct FreeRun: Sendable, Equatable {
  /// Generated ids, an end-of-text token included.
  package let tokens: [Int32]
  /// Layers executed for each token.
  package let depths: [Int]
  /// The answer as text.
  package let text: String
  /// Seconds to generate the tokens after the first, the prompt not included.
  package let seconds: Double
  /// Whether the answer ends because no more tokens were allowed.
  package let isCutOff: Bool
  /// How far guessing ahead went, in mode verify.
  package let verification: DraftingSummary?

  /// Generates.
  ///
  /// - Parameters:
  ///   - mode: exit under a policy and full without one if absent.
  ///   - policy: decides the exits; nil for full depth.
  ///   - keyValues: what tokens leave in skipped layers.
  ///   - guesses: whether tokens are guessed ahead where they leave early.
  ///   - maximumExit: no layer beyond this exit runs.
  ///   - sampling: greedy if absent.
  package init(
    prompt: [Int32], maximumTokens: Int, mode: DecodingMode? = nil, policy: (any ExitPolicy)?,
    keyValues: KeyValueMode = .propagate, guesses: Bool = true, maximumExit: Int? = nil,
    sampling: SamplingOptions = .greedy, stopStrings: [String], on language: LanguageModel
  ) throws {
    let generation = try Generation(
      GenerationRequest(
        prompt: prompt, maximumTokens: maximumTokens, sampling: sampling, stopStrings: stopStrings,
        mode: mode ?? (policy == nil ? .full : .exit), policy: policy, keyValues: keyValues,
        guesses: guesses, maximumExit: maximumExit), on: language)
    var tokens: [Int32] = []
    var depths: [Int] = []
    var text = ""
    var seconds = 0.0
    var isCutOff = false
    var verification: DraftingSummary?
    while !generation.isFinished {
      for event in try generation.advance() {
        switch event {
        case .token(let token):
          tokens.append(token.id)
          depths.append(token.depth)
          text += token.text
        case .finished(let summary):
          text += summary.trailingText
          seconds = summary.decodeSeconds
          isCutOff = summary.finishReason == .length
          verification = summary.verification
          if let end = summary.endOfText {
            tokens.append(end.id)
            depths.append(end.depth)
          }
        }
      }
    }
    (self.tokens, self.depths, self.text, self.seconds) = (tokens, depths, text, seconds)
    self.isCutOff = isCutOff
    self.verification = verification
  }
}
