import RouterDecoding
import RouterExit

/// An answer of `router generate` with its account, as `--json` prints it.
struct GenerateReport: Encodable {
  let text: String
  let tokens: [Int32]
  let exits: [Int]
  let confidences: [Float?]
  let finishReason: String
  let promptTokens: Int
  let meanDepth: Double
  let layers: Int
  let mode: DecodingMode
  let policy: String?
  /// How far drafting went; nil where nothing was drafted.
  let drafting: DraftingSummary?
  let prefillSeconds: Double
  let decodeSeconds: Double
  let seed: UInt64
  /// The part of `text` that was released only at the end.
  let trailingText: String

  private enum CodingKeys: String, CodingKey {
    case text, tokens, exits, confidences, layers, mode, policy, seed
    case drafting = "verification"
    case finishReason = "finish_reason"
    case promptTokens = "prompt_tokens"
    case meanDepth = "mean_depth"
    case prefillSeconds = "prefill_seconds"
    case decodeSeconds = "decode_seconds"
  }

  /// - Parameters:
  ///   - answer: a finished one; one that was broken off has no account.
  ///   - layers: L.
  init(_ answer: GeneratedAnswer, mode: DecodingMode, policy: String?, layers: Int) {
    text = answer.text
    tokens = answer.ids
    exits = answer.depths
    confidences = answer.confidences
    self.mode = mode
    self.policy = policy
    self.layers = layers
    finishReason = answer.summary?.finishReason.rawValue ?? ""
    promptTokens = answer.summary?.promptTokenCount ?? 0
    meanDepth = answer.summary?.meanDepth ?? 0
    prefillSeconds = answer.summary?.prefillSeconds ?? 0
    decodeSeconds = answer.summary?.decodeSeconds ?? 0
    seed = answer.summary?.seed ?? 0
    trailingText = answer.summary?.trailingText ?? ""
    drafting = answer.summary?.drafting
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
