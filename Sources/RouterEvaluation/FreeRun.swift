import RouterDecoding
import RouterExit

/// One free-running greedy answer.
package struct FreeRun: Sendable, Equatable {
  /// Generated ids, an end-of-text token included.
  package let tokens: [Int32]
  /// Layers executed for each token.
  package let depths: [Int]
  /// The answer as text.
  package let text: String
  /// Seconds to generate the tokens after the first, the prompt not included.
  package let seconds: Double

  /// Generates.
  ///
  /// - Parameter policy: decides the exits; nil for full depth.
  package init(
    prompt: [Int32], maximumTokens: Int, policy: (any ExitPolicy)?, stopStrings: [String],
    on language: LanguageModel
  ) throws {
    let generation = try Generation(
      GenerationRequest(
        prompt: prompt, maximumTokens: maximumTokens, stopStrings: stopStrings,
        mode: policy == nil ? .full : .exit, policy: policy), on: language)
    var tokens: [Int32] = []
    var depths: [Int] = []
    var text = ""
    var seconds = 0.0
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
          if let end = summary.endOfText {
            tokens.append(end.id)
            depths.append(end.depth)
          }
        }
      }
    }
    (self.tokens, self.depths, self.text, self.seconds) = (tokens, depths, text, seconds)
  }
}
