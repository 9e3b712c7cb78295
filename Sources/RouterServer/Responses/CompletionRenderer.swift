import RouterDecoding
import RouterExit

/// Turns the progress of a completion into the JSON objects of its endpoint.
///
/// A value type that holds only what spans chunks: everything else is a function of its arguments.
package struct CompletionRenderer {
  private let call: CompletionCall
  /// Per choice, where its next token begins in the text, in Unicode scalars.
  private var textOffsets: [Int]

  /// Makes the renderer of one answer.
  package init(_ call: CompletionCall) {
    self.call = call
    textOffsets = Array(repeating: 0, count: call.requests.count)
    if case .text(let echoes) = call.form {
      textOffsets = echoes.map(\.unicodeScalars.count)
    }
  }

  /// The whole answer.
  package mutating func whole(_ choices: [ChoiceProgress]) -> any Encodable {
    let usage = Usage(call, choices: choices)
    switch call.form {
    case .chat:
      return ChatCompletionJSON(
        id: call.id, created: call.created, model: call.card.name,
        systemFingerprint: call.card.fingerprint,
        choices: choices.enumerated().map { index, choice in
          var choice = choice
          let delta = choice.takeAll()
          return ChatCompletionJSON.Choice(
            index: index, message: .init(content: delta.text),
            logprobs: reportsLogprobs ? ChatLogprobs(delta.tokens) : nil,
            finishReason: finishReason(choice), router: routing(delta.tokens, of: choice))
        },
        usage: usage)
    case .text(let echoes):
      var rendered: [TextCompletionJSON.Choice] = []
      for (index, choice) in choices.enumerated() {
        var choice = choice
        let delta = choice.takeAll()
        rendered.append(
          textChoice(
            index, text: echoes[index] + delta.text, tokens: delta.tokens,
            finishReason: finishReason(choice), router: routing(delta.tokens, of: choice)))
      }
      return TextCompletionJSON(header: header(usage: .now(usage)), choices: rendered)
    }
  }

  /// What a stream begins with, per choice: the role of a message, or the prompt to echo.
  package mutating func opening(of choice: Int) -> (any Encodable)? {
    switch call.form {
    case .chat:
      return ChatCompletionChunkJSON(
        header: header(usage: laterUsage),
        choices: [.init(index: choice, delta: .init(role: "assistant", content: ""))])
    case .text(let echoes):
      guard !echoes[choice].isEmpty else { return nil }
      return TextCompletionJSON(
        header: header(usage: laterUsage), choices: [.init(index: choice, text: echoes[choice])])
    }
  }

  /// News of one choice.
  package mutating func chunk(_ delta: ChoiceDelta, of choice: Int) -> any Encodable {
    chunk(delta, of: choice, finishReason: nil, router: ChoiceRouting(delta.tokens, outcome: nil))
  }

  /// The end of one choice, with the tokens that released no text.
  package mutating func end(_ delta: ChoiceDelta, of choice: Int, progress: ChoiceProgress) -> any Encodable {
    chunk(
      delta, of: choice, finishReason: finishReason(progress), router: routing(delta.tokens, of: progress))
  }

  /// The last chunk of a stream that was asked for its usage.
  package func usageChunk(_ choices: [ChoiceProgress]) -> (any Encodable)? {
    guard call.settings.delivery == .stream(includesUsage: true) else { return nil }
    let header = header(usage: .now(Usage(call, choices: choices)))
    switch call.form {
    case .chat: return ChatCompletionChunkJSON(header: header, choices: [])
    case .text: return TextCompletionJSON(header: header, choices: [])
    }
  }

  private mutating func chunk(
    _ delta: ChoiceDelta, of choice: Int, finishReason: String?, router: ChoiceRouting
  ) -> any Encodable {
    switch call.form {
    case .chat:
      return ChatCompletionChunkJSON(
        header: header(usage: laterUsage),
        choices: [
          .init(
            index: choice, delta: .init(content: delta.text.isEmpty ? nil : delta.text),
            logprobs: reportsLogprobs && !delta.tokens.isEmpty ? ChatLogprobs(delta.tokens) : nil,
            finishReason: finishReason, router: router)
        ])
    case .text:
      let rendered = textChoice(
        choice, text: delta.text, tokens: delta.tokens, finishReason: finishReason, router: router)
      return TextCompletionJSON(header: header(usage: laterUsage), choices: [rendered])
    }
  }

  private mutating func textChoice(
    _ index: Int, text: String, tokens: [GeneratedToken], finishReason: String?, router: ChoiceRouting
  ) -> TextCompletionJSON.Choice {
    TextCompletionJSON.Choice(
      index: index, text: text,
      logprobs: reportsLogprobs ? TextLogprobs(tokens, offset: &textOffsets[index]) : nil,
      finishReason: finishReason, router: router)
  }

  private var reportsLogprobs: Bool { call.settings.topLogprobs != nil }

  private var laterUsage: ChunkHeader.UsageField {
    call.settings.delivery == .stream(includesUsage: true) ? .later : .absent
  }

  private func header(usage: ChunkHeader.UsageField) -> ChunkHeader {
    let object =
      switch call.form {
      case .chat: "chat.completion.chunk"
      case .text: "text_completion"
      }
    return ChunkHeader(
      id: call.id, object: object, created: call.created, model: call.card.name,
      systemFingerprint: call.card.fingerprint, usage: usage)
  }

  private func routing(_ tokens: [GeneratedToken], of choice: ChoiceProgress) -> ChoiceRouting {
    ChoiceRouting(
      tokens,
      outcome: .init(
        meanDepth: choice.answer.meanDepth, layers: call.card.layerCount,
        policy: call.settings.decoding.policy?.name,
        mode: call.settings.decoding.value.mode, point: call.settings.decoding.value.plan?.point,
        isAutomatic: call.settings.decoding.isAutomatic, suspended: call.settings.decoding.suspended,
        drafting: choice.answer.summary?.drafting))
  }

  private func finishReason(_ choice: ChoiceProgress) -> String {
    choice.answer.summary?.finishReason == .length ? "length" : "stop"
  }
}
