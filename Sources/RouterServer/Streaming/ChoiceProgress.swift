import RouterDecoding

/// What one choice has gained since it was last asked.
package struct ChoiceDelta: Sendable {
  /// Text released to the client.
  package var text = ""
  /// The tokens that it stands for, including those whose text is held back or empty.
  package var tokens: [GeneratedToken] = []
}

/// Gathers one choice's tokens until there is something to send.
///
/// A token may release no text: half a character, or what may become a stop string, is held back. Such tokens
/// ride with the next one that does. So the deltas, joined, are the whole answer: every token once, in order.
package struct ChoiceProgress: Sendable {
  private var pending = ChoiceDelta()
  /// Layers executed for all tokens so far.
  package private(set) var depthSum = 0
  /// Ids of all tokens so far, an end-of-text token included.
  package private(set) var ids: [Int32] = []
  /// Tokens so far.
  package private(set) var tokenCount = 0
  /// How it ended; `nil` while it runs.
  package private(set) var summary: GenerationSummary?

  /// Starts without tokens.
  package init() {}

  /// Takes one token in.
  package mutating func append(_ token: GeneratedToken) {
    pending.text += token.text
    pending.tokens.append(token)
    depthSum += token.depth
    tokenCount += 1
    ids.append(token.id)
  }

  /// Ends the choice; text that was held back to the end is released.
  package mutating func finish(_ summary: GenerationSummary) {
    pending.text += summary.trailingText
    self.summary = summary
    if let end = summary.endOfText { ids.append(end.id) }
  }

  /// What there is to send now; `nil` while text is held back.
  package mutating func takeReleased() -> ChoiceDelta? {
    pending.text.isEmpty ? nil : takeAll()
  }

  /// All that hasn't been taken yet.
  package mutating func takeAll() -> ChoiceDelta {
    defer { pending = ChoiceDelta() }
    return pending
  }

  /// Mean number of layers executed per token; `nil` before the first.
  package var meanDepth: Double? {
    tokenCount == 0 ? nil : Double(depthSum) / Double(tokenCount)
  }
}
