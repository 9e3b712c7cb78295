import RouterDecoding

/// Gathers one choice's tokens until there is something to send.
///
/// A token may release no text: half a character, or what may become a stop string, is held back. Such tokens
/// ride with the next one that does. So the deltas, joined, are the whole answer: every token once, in order.
package struct ChoiceProgress: Sendable {
  private var pending = ChoiceDelta()
  /// All that the choice's events have told.
  package private(set) var answer = GeneratedAnswer()

  /// Starts without tokens.
  package init() {}

  /// Takes one event of the choice's sequence in; the last releases text that was held back to the end.
  ///
  /// - Throws: ``CompletionFeed/Interruption/shuttingDown`` if the engine ended the sequence of its own accord.
  package mutating func take(_ event: GenerationEvent) throws(CompletionFeed.Interruption) {
    switch event {
    case .token(let token):
      pending.text += token.text
      pending.tokens.append(token)
    case .finished(let summary):
      guard summary.finishReason != .cancelled else { throw .shuttingDown }
      pending.text += summary.trailingText
    }
    answer.append(event)
  }

  /// Whether the choice has ended.
  package var isFinished: Bool { answer.summary != nil }

  /// What there is to send now; `nil` while text is held back.
  package mutating func takeReleased() -> ChoiceDelta? {
    pending.text.isEmpty ? nil : takeAll()
  }

  /// All that has not been taken yet.
  package mutating func takeAll() -> ChoiceDelta {
    defer { pending = ChoiceDelta() }
    return pending
  }
}
