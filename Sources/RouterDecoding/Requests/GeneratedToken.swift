public import RouterExit

/// One generated token.
public struct GeneratedToken: Sendable, Equatable {
  public let id: Int32
  /// Text that this token releases; empty while half a character or a possible stop string is held back.
  public let text: String
  /// The token's own bytes.
  public let bytes: [UInt8]
  /// Layers that were executed for it: the exit at which it left.
  public let depth: Int
  /// The head that chose it: narrow for an exit in width.
  public let head: HeadWidth
  /// What the policy measured where it let the token go; nil if it measured nothing or none was asked.
  public let confidence: Float?
  /// Log-probability of the token, if asked for.
  public let logprob: Float?
  /// The most probable tokens of the position, if asked for.
  public let topLogprobs: [TokenLogprob]

  package init(
    id: Int32, text: String, bytes: [UInt8], depth: Int, head: HeadWidth = .full, confidence: Float?,
    logprob: Float?, topLogprobs: [TokenLogprob]
  ) {
    self.id = id
    self.text = text
    self.bytes = bytes
    self.depth = depth
    self.head = head
    self.confidence = confidence
    self.logprob = logprob
    self.topLogprobs = topLogprobs
  }
}
