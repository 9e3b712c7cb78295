import RouterDecoding
import RouterExit

/// One way of generating, run for one prompt or several.
struct GenerateSession {
  let engine: InferenceEngine
  let decoding: Decoding
  let maximumExit: Int?
  let sampling: SamplingOptions
  let maximumTokens: Int
  let stopStrings: [String]
  let ignoresEndOfText: Bool

  /// Generates; `show` sees each token as it comes.
  ///
  /// `maximumTokens` is lowered to what the context leaves.
  func run(
    _ prompt: [Int32], isChat: Bool, show: (GeneratedToken) -> Void
  ) async throws -> GenerateReport {
    let model = engine.model
    let request = GenerationRequest(
      prompt: prompt,
      maximumTokens: try model.limits.maximumTokens(behind: prompt, asked: nil, usual: maximumTokens),
      sampling: sampling, stopStrings: stopStrings + (isChat ? model.chatStopStrings : []),
      decoding: decoding, maximumExit: maximumExit,
      ignoresEndOfText: ignoresEndOfText, continuesText: !isChat)
    var answer = GeneratedAnswer()
    for try await event in try engine.submit(request) {
      answer.append(event)
      if case .token(let token) = event { show(token) }
    }
    return GenerateReport(
      answer, mode: decoding.mode, policy: decoding.policy?.name, layers: model.layerCount)
  }
}
