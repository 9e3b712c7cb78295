import RouterDecoding

/// A completion request ready to run: prompts in tokens, every option resolved.
package struct CompletionCall: Sendable {
  /// Which endpoint's JSON the answer takes.
  package enum Form: Sendable, Equatable {
    /// `/v1/chat/completions`.
    case chat
    /// `/v1/completions`; `echoes` are the texts, per choice, that precede the answers.
    case text(echoes: [String])
  }

  /// Unique identifier of the answer.
  package let id: String
  /// When the request arrived, seconds since 1970.
  package let created: Int
  /// Which endpoint's JSON the answer takes.
  package let form: Form
  /// The model that answers.
  package let card: ModelCard
  /// What the request asks for besides its prompts.
  package let settings: CompletionSettings
  /// One sequence per choice: the choices of the first prompt, then those of the second, ...
  package let requests: [GenerationRequest]
  /// Tokens of the prompts, each counted once.
  package let promptTokenCount: Int

  /// Combines prompts and settings.
  ///
  /// - Parameters:
  ///   - prompts: token ids `[T]` of each prompt.
  ///   - parameter: the request field that the prompts come from.
  init(
    id: String, created: Int, form: Form, card: ModelCard, settings: CompletionSettings,
    prompts: [[Int32]], parameter: String, configuration: ServerConfiguration
  ) throws(APIError) {
    guard !prompts.isEmpty else { throw .invalid(parameter, "'\(parameter)' must not be empty.") }
    self.id = id
    self.created = created
    self.form = form
    self.card = card
    self.settings = settings
    self.promptTokenCount = prompts.reduce(0) { $0 + $1.count }

    let isChat = if case .chat = form { true } else { false }
    var requests: [GenerationRequest] = []
    for prompt in prompts {
      let length = try Self.answerLength(
        prompt: prompt, settings: settings, card: card, parameter: parameter, configuration: configuration)
      for sampling in settings.sampling {
        requests.append(
          GenerationRequest(
            prompt: prompt, maximumTokens: length, sampling: sampling,
            stopStrings: settings.stopStrings + (isChat ? card.chatStopStrings : []),
            decoding: settings.decoding.value, maximumExit: settings.decoding.maximumExit,
            topLogprobs: settings.topLogprobs, continuesText: !isChat,
            prefixScope: settings.prefixScope))
      }
    }
    self.requests = requests
  }

  private static func answerLength(
    prompt: [Int32], settings: CompletionSettings, card: ModelCard, parameter: String,
    configuration: ServerConfiguration
  ) throws(APIError) -> Int {
    do {
      return try card.limits.maximumTokens(
        behind: prompt, asked: settings.maximumTokens?.value, usual: configuration.defaultMaximumTokens)
    } catch {
      // A length that no prompt could have is the length field's fault, one that does not fit the prompt's.
      let isLength = error.parameter == "max_tokens"
      throw APIError(error, parameter: isLength ? settings.maximumTokens?.name : parameter)
    }
  }
}
