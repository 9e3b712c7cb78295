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

  /// An answer with its account, as `--json` prints it.
  struct Answer: Encodable {
    var text = ""
    var tokens: [Int32] = []
    var exits: [Int] = []
    var confidences: [Float?] = []
    var finishReason = ""
    var promptTokens = 0
    var meanDepth = 0.0
    var layers = 0
    var mode = DecodingMode.full
    var policy: String?
    /// How far drafting went; nil where nothing was drafted.
    var drafting: DraftingSummary?
    var prefillSeconds = 0.0
    var decodeSeconds = 0.0
    var seed: UInt64 = 0
    /// The part of `text` that was released only at the end.
    var trailingText = ""

    private enum CodingKeys: String, CodingKey {
      case text, tokens, exits, confidences, layers, mode, policy, seed
      case drafting = "verification"
      case finishReason = "finish_reason"
      case promptTokens = "prompt_tokens"
      case meanDepth = "mean_depth"
      case prefillSeconds = "prefill_seconds"
      case decodeSeconds = "decode_seconds"
    }

    /// One line for people.
    var summaryLine: String {
      let speed = decodeSeconds > 0 ? .fixed(Double(max(tokens.count - 1, 0)) / decodeSeconds, 1) : "-"
      return
        "\(tokens.count) tokens, mean depth \(String.fixed(meanDepth, 2)) of \(layers), \(speed) tokens/s"
        + (policy.map { ", policy \($0)" } ?? "")
        + (drafting.map { ", \(String.fixed($0.tokensPerRound, 2)) tokens a pass" } ?? "")
    }
  }

  /// Generates; `show` sees each token as it comes.
  ///
  /// `maximumTokens` is lowered to what the context leaves.
  func run(
    _ prompt: [Int32], isChat: Bool, show: (GeneratedToken) -> Void
  ) async throws -> Answer {
    let model = engine.model
    let request = GenerationRequest(
      prompt: prompt,
      maximumTokens: try model.limits.maximumTokens(behind: prompt, asked: nil, usual: maximumTokens),
      sampling: sampling, stopStrings: stopStrings + (isChat ? model.chatStopStrings : []),
      decoding: decoding, maximumExit: maximumExit,
      ignoresEndOfText: ignoresEndOfText, continuesText: !isChat)
    var answer = Answer()
    answer.layers = model.layerCount
    answer.mode = decoding.mode
    answer.policy = decoding.policy?.name
    for try await event in try engine.submit(request) {
      switch event {
      case .token(let token):
        answer.text += token.text
        answer.tokens.append(token.id)
        answer.exits.append(token.depth)
        answer.confidences.append(token.confidence)
        show(token)
      case .finished(let summary):
        answer.trailingText = summary.trailingText
        answer.text += summary.trailingText
        answer.finishReason = summary.finishReason.rawValue
        answer.promptTokens = summary.promptTokenCount
        answer.meanDepth = summary.meanDepth
        answer.prefillSeconds = summary.prefillSeconds
        answer.decodeSeconds = summary.decodeSeconds
        answer.seed = summary.seed
        answer.drafting = summary.drafting
      }
    }
    return answer
  }
}
