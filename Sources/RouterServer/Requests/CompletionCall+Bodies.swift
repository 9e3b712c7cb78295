import RouterDecoding
import RouterTokenizer

extension CompletionCall {
  /// Checks and tokenises a chat completion request.
  ///
  /// - Throws: ``APIError`` naming the field at fault.
  package static func chat(
    _ body: ChatCompletionBody, id: String, created: Int, backend: any CompletionBackend,
    configuration: ServerConfiguration
  ) async throws -> CompletionCall {
    let card = backend.card
    try card.checkName(body.common.model, configuration: configuration)
    if body.topLogprobs != nil, body.logprobs != true {
      throw APIError.invalid("top_logprobs", "'top_logprobs' requires 'logprobs' to be true.")
    }
    let length = body.maxCompletionTokens.map { ("max_completion_tokens", $0) }
    let settings = try CompletionSettings(
      body.common, maximumTokens: length ?? body.common.maxTokens.map { ("max_tokens", $0) },
      topLogprobs: body.logprobs == true ? ("top_logprobs", body.topLogprobs ?? 0) : nil,
      backend: backend, configuration: configuration)

    guard !body.messages.isEmpty else {
      throw APIError.invalid("messages", "'messages' must not be empty.")
    }
    guard card.hasChatTemplate else {
      throw APIError.invalid(
        "messages", "The model '\(card.name)' has no chat template. Use /v1/completions.")
    }
    var messages: [ChatMessage] = []
    for (index, message) in body.messages.enumerated() {
      messages.append(try message.message(at: index))
    }
    let prompt: [Int32]
    do {
      prompt = try await backend.encode(chat: messages)
    } catch let error as TokenizerError {
      throw APIError.invalid("messages", error.description)
    }
    return try CompletionCall(
      id: "chatcmpl-\(id)", created: created, form: .chat, card: card, settings: settings,
      prompts: [prompt], parameter: "messages", configuration: configuration)
  }

  /// Checks and tokenises a plain completion request.
  ///
  /// - Throws: ``APIError`` naming the field at fault.
  package static func text(
    _ body: CompletionBody, id: String, created: Int, backend: any CompletionBackend,
    configuration: ServerConfiguration
  ) async throws -> CompletionCall {
    let card = backend.card
    try card.checkName(body.common.model, configuration: configuration)
    if let bestOf = body.bestOf, bestOf != body.common.n ?? 1 {
      throw APIError.unsupported("best_of", "'best_of' other than 'n' is not supported.")
    }
    if let suffix = body.suffix, !suffix.isEmpty {
      throw APIError.unsupported(
        "suffix", "'suffix' is not supported: this model does not fill in the middle.")
    }
    let echoes = body.echo == true
    if echoes, body.logprobs != nil {
      throw APIError.unsupported("echo", "'echo' together with 'logprobs' is not supported.")
    }
    let settings = try CompletionSettings(
      body.common, maximumTokens: body.common.maxTokens.map { ("max_tokens", $0) },
      topLogprobs: body.logprobs.map { ("logprobs", $0) }, backend: backend, configuration: configuration)
    guard body.prompt.prompts.count * settings.choices <= configuration.maximumChoices else {
      throw APIError.invalid(
        "prompt",
        "The request asks for more than \(configuration.maximumChoices) choices (prompts times 'n').")
    }

    var prompts: [[Int32]] = []
    var texts: [String] = []
    for prompt in body.prompt.prompts {
      switch prompt {
      case .text(let text):
        prompts.append(try await backend.encode(text: text))
        texts.append(text)
      case .tokens(let tokens):
        try card.check(tokens)
        prompts.append(tokens)
        texts.append(echoes ? backend.decode(tokens) : "")
      }
    }
    let perChoice = texts.flatMap { Array(repeating: echoes ? $0 : "", count: settings.choices) }
    return try CompletionCall(
      id: "cmpl-\(id)", created: created, form: .text(echoes: perChoice), card: card, settings: settings,
      prompts: prompts, parameter: "prompt", configuration: configuration)
  }
}

extension ModelCard {
  /// Refuses token ids that the model does not have.
  func check(_ prompt: [Int32]) throws(APIError) {
    if let stray = prompt.first(where: { !(0..<vocabularySize).contains(Int($0)) }) {
      throw .invalid(
        "prompt", "'prompt' has the token id \(stray); this model has ids from 0 to \(vocabularySize - 1).")
    }
  }

  /// Refuses a request for another model; a request that names none means this one.
  func checkName(_ name: String?, configuration: ServerConfiguration) throws(APIError) {
    if let name, !answers(to: name, configuration: configuration) {
      throw .modelNotFound(name, served: self.name)
    }
  }

  /// Whether requests may use that name for this model.
  func answers(to name: String, configuration: ServerConfiguration) -> Bool {
    name == self.name || configuration.modelAliases.contains(name)
  }
}
