import RouterDecoding
import RouterTestSupport
import RouterTokenizer
import Testing

/// What every conversation begins with that begins with some messages, in each format.
struct ConversationBeginningTests {
  private static let kinds: [ChatTemplateKind] = [
    .chatML(defaultSystem: nil), .chatML(defaultSystem: "Be kind."), .llama2, .llama3, .zephyr, .alpaca,
  ]

  private static let system = ChatMessage(role: .system, content: "You answer in one short sentence.")
  private static let beginnings: [[ChatMessage]] = [
    [system], [ChatMessage(role: .user, content: "Hello there, you.")],
    [system, ChatMessage(role: .user, content: "Hello there, you.")],
    [
      system, ChatMessage(role: .user, content: "Hello there."),
      ChatMessage(role: .assistant, content: "Hello."),
    ],
  ]

  private func language(_ kind: ChatTemplateKind?) throws -> LanguageModel {
    try TinyLanguage.make(tokenizer: Tokenizer(TinyLanguage.byteDefinition(chatTemplate: kind)))
  }

  @Test(arguments: kinds, beginnings)
  func itBeginsWhateverFollows(kind: ChatTemplateKind, messages: [ChatMessage]) throws {
    let language = try language(kind)
    let beginning = try language.encodeBeginning(of: messages)
    let isUser = messages.last?.role == .user
    for content in ["Why?", "\n\nand so", " spaced", "z", "\u{6F22}\u{5B57}", "7 of 9", "<|im_end|>", "a"] {
      var conversation = messages
      if isUser { conversation.append(ChatMessage(role: .assistant, content: "Well. " + content)) }
      conversation.append(ChatMessage(role: .user, content: content))
      #expect(try language.encodeChat(conversation).starts(with: beginning), "\(content)")
    }
    if isUser { #expect(try language.encodeChat(messages).starts(with: beginning)) }
    // All that was said is in it, but what the format may write otherwise.
    let text = language.decode(beginning)
    #expect(text.contains(messages.last?.content ?? ""))
  }

  @Test func whatAFormatCannotExpressIsRefused() throws {
    let user = ChatMessage(role: .user, content: "Hi")
    #expect(throws: TokenizerError.self) {
      try language(.llama2).encodeBeginning(of: [user, user])
    }
    let error = #expect(throws: GenerationError.self) { try language(nil).encodeBeginning(of: [user]) }
    #expect(error?.code == .invalidRequest && error?.parameter == "messages")
  }
}
