/// What a generation tells its caller, in order: tokens, then one `finished`.
public enum GenerationEvent: Sendable {
  case token(GeneratedToken)
  case finished(GenerationSummary)
}

/// One generated token.
public struct GeneratedToken: Sendable, Equatable {
  public let id: Int32
  /// Text that this token releases; empty while half a character or a possible stop string is held back.
  public let text: String
  /// The token's own bytes.
  public let bytes: [UInt8]
  /// Layers that were executed for it: the exit at which it left.
  public let depth: Int
  /// What the policy measured where it let the token go; nil if it measured nothing or none was asked.
  public let confidence: Float?
  /// Log-probability of the token, if asked for.
  public let logprob: Float?
  /// The most probable tokens of the position, if asked for.
  public let topLogprobs: [TokenLogprob]

  package init(
    id: Int32, text: String, bytes: [UInt8], depth: Int, confidence: Float?, logprob: Float?,
    topLogprobs: [TokenLogprob]
  ) {
    self.id = id
    self.text = text
    self.bytes = bytes
    self.depth = depth
    self.confidence = confidence
    self.logprob = logprob
    self.topLogprobs = topLogprobs
  }
}

/// Why a generation ended.
public enum FinishReason: String, Sendable, Codable {
  /// The model ended its answer, or a stop string appeared.
  case stop
  /// The token limit was reached.
  case length
  /// The caller went away, or the engine shut down.
  case cancelled
}

/// The account of a finished generation.
public struct GenerationSummary: Sendable, Equatable {
  public let finishReason: FinishReason
  public let promptTokenCount: Int
  /// Tokens generated, an end-of-text token not counted.
  public let completionTokenCount: Int
  /// Mean of the tokens' depths, in layers; 0 without tokens.
  public let meanDepth: Double
  /// Tokens by depth.
  public let depthCounts: [Int: Int]
  /// Text that was held back and turned out to belong to the answer.
  public let trailingText: String
  /// The end-of-text token and its depth, if that ended the answer.
  public let endOfText: GeneratedToken?
  /// Seconds from the first prompt token to the first new one.
  public let prefillSeconds: Double
  /// Seconds from the first new token to the last.
  public let decodeSeconds: Double
  /// Seed that reproduces the answer.
  public let seed: UInt64
  /// How far drafting went; nil where nothing was drafted.
  public let drafting: DraftingSummary?

  package init(
    finishReason: FinishReason, promptTokenCount: Int, completionTokenCount: Int, meanDepth: Double,
    depthCounts: [Int: Int], trailingText: String, endOfText: GeneratedToken?, prefillSeconds: Double,
    decodeSeconds: Double, seed: UInt64, drafting: DraftingSummary? = nil
  ) {
    self.finishReason = finishReason
    self.promptTokenCount = promptTokenCount
    self.completionTokenCount = completionTokenCount
    self.meanDepth = meanDepth
    self.depthCounts = depthCounts
    self.trailingText = trailingText
    self.endOfText = endOfText
    self.prefillSeconds = prefillSeconds
    self.decodeSeconds = decodeSeconds
    self.seed = seed
    self.drafting = drafting
  }
}
