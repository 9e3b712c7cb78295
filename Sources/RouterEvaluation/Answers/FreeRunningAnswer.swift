import RouterDecoding
import RouterExit

/// One free-running answer, greedy unless told otherwise.
package struct FreeRunningAnswer: Sendable, Equatable {
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
  /// How far drafting went; nil where nothing was drafted.
  package let drafting: DraftingSummary?

  /// Generates.
  ///
  /// - Parameters:
  ///   - maximumExit: no layer beyond this exit runs.
  ///   - sampling: greedy if absent.
  package init(
    prompt: [Int32], maximumTokens: Int, decoding: Decoding = .full, maximumExit: Int? = nil,
    sampling: SamplingOptions = .greedy, stopStrings: [String], on language: LanguageModel
  ) throws {
    let answer = try GeneratedAnswer(
      GenerationRequest(
        prompt: prompt, maximumTokens: maximumTokens, sampling: sampling, stopStrings: stopStrings,
        decoding: decoding, maximumExit: maximumExit), on: language)
    tokens = answer.idsWithEnd
    depths = answer.depthsWithEnd
    text = answer.text
    seconds = answer.summary?.decodeSeconds ?? 0
    isCutOff = answer.summary?.finishReason == .length
    drafting = answer.summary?.drafting
  }
}
