import RouterTokenizer

extension LanguageModel {
  /// The ids with which every conversation begins that begins with some messages: no prompt for an answer, and nothing that
  /// depends on what comes next.
  ///
  /// A template may write a message together with the next one, and a tokenizer may join what ends one with what begins
  /// the other: what continuations of several kinds have in common is the beginning.
  ///
  /// - Throws: `TokenizerError` if the model's template cannot express such a conversation; ``GenerationError``
  ///   `invalidRequest` if it has none.
  package func encodeBeginning(of messages: [ChatMessage]) throws -> [Int32] {
    guard let kind = tokenizer.definition.chatTemplate else {
      throw GenerationError(
        .invalidRequest, "the model \(name) has no chat template", parameter: "messages",
        remedy: "Give the beginning as text, in prompt.")
    }
    let template = ChatTemplate(kind)
    let next: ChatMessage.Role = messages.last?.role == .user ? .assistant : .user
    var ways = try Self.contents.map { content in
      try template.render(
        messages + [ChatMessage(role: next, content: content)], addGenerationPrompt: next == .user)
    }
    // A template that cannot end here writes these messages together with the next.
    if let alone = try? template.render(messages, addGenerationPrompt: false) { ways.append(alone) }
    let encoded = ways.map(tokenizer.encode)
    return encoded.dropFirst().reduce(encoded.first ?? []) { common, other in
      zip(common, other).prefix { $0 == $1 }.map(\.0)
    }
  }

  /// Texts that begin in different ways.
  private static let contents = ["a", "Z", "7", " a", "\n", "\u{6F22}", "\"", "("]
}
