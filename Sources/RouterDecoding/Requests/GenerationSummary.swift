/// The account of a finished generation.
public struct GenerationSummary: Sendable, Equatable {
  public let finishReason: FinishReason
  public let promptTokenCount: Int
  /// Tokens of the prompt whose keys and values another request had left.
  public let cachedTokenCount: Int
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
    finishReason: FinishReason, promptTokenCount: Int, cachedTokenCount: Int = 0, completionTokenCount: Int,
    meanDepth: Double, depthCounts: [Int: Int], trailingText: String, endOfText: GeneratedToken?,
    prefillSeconds: Double, decodeSeconds: Double, seed: UInt64, drafting: DraftingSummary? = nil
  ) {
    self.finishReason = finishReason
    self.promptTokenCount = promptTokenCount
    self.cachedTokenCount = cachedTokenCount
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
