import RouterDecoding
import RouterTokenizer

/// A prefix to be kept, in tokens.
package struct PrefixCall: Sendable {
  package let name: String
  /// `[T]`: token ids.
  package let tokens: [Int32]
  /// The field that the tokens come from.
  let parameter: String

  /// Checks and tokenises a request.
  ///
  /// - Throws: ``APIError`` naming the field at fault.
  package init(
    _ body: PrefixBody, backend: any CompletionBackend, configuration: ServerConfiguration
  ) async throws {
    let card = backend.card
    try card.checkName(body.model, configuration: configuration)
    name = body.name
    switch (body.messages, body.prompt) {
    case (let messages?, nil):
      parameter = "messages"
      tokens = try await Self.tokens(messages, backend)
    case (nil, let prompt?):
      parameter = "prompt"
      tokens = try await Self.tokens(prompt, backend)
    case (nil, nil):
      throw APIError.invalid(
        "messages", "A prefix needs 'messages' or 'prompt'.", code: "missing_required_parameter")
    case (_?, _?):
      throw APIError.invalid("prompt", "A prefix has 'messages' or 'prompt', not both.")
    }
    do {
      _ = try card.limits.room(behind: tokens)
    } catch {
      throw APIError(error, parameter: parameter)
    }
  }

  private static func tokens(_ bodies: [MessageBody], _ backend: any CompletionBackend) async throws
    -> [Int32]
  {
    guard !bodies.isEmpty else { throw APIError.invalid("messages", "'messages' must not be empty.") }
    guard backend.card.hasChatTemplate else {
      throw APIError.invalid(
        "messages", "The model '\(backend.card.name)' has no chat template. Send the beginning as 'prompt'.")
    }
    var messages: [ChatMessage] = []
    for (index, message) in bodies.enumerated() { messages.append(try message.message(at: index)) }
    do {
      return try await backend.encode(beginning: messages)
    } catch let error as TokenizerError {
      throw APIError.invalid("messages", error.description)
    }
  }

  private static func tokens(_ field: PromptField, _ backend: any CompletionBackend) async throws -> [Int32] {
    guard field.prompts.count == 1, let prompt = field.prompts.first else {
      throw APIError.invalid("prompt", "A prefix has one 'prompt'; send a request for each.")
    }
    switch prompt {
    case .text(let text): return try await backend.encode(text: text)
    case .tokens(let tokens):
      try backend.card.check(tokens)
      return tokens
    }
  }
}
