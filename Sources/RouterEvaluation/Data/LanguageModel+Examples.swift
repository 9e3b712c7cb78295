import RouterDecoding
import RouterTokenizer

extension LanguageModel {
  /// The ids of a row's prompt: a conversation if the model has a chat template, else plain text.
  package func promptTokens(of example: PromptExample) throws -> [Int32] {
    hasChatTemplate
      ? try encodeChat(example.messages) : encode(example.messages.map(\.content).joined(separator: "\n"))
  }

  /// The ids of a row's prompt, written as `template` says.
  package func promptTokens(of example: PromptExample, template: PromptTemplate) throws -> [Int32] {
    switch (template, example.instruction) {
    case (.alpaca, let instruction?):
      let bos = tokenizer.definition.addBOS ? tokenizer.definition.bosToken.map { [$0] } ?? [] : []
      return bos
        + tokenizer.encode(AlpacaPrompt.segments(instruction: instruction.text, input: instruction.input))
    case (.alpaca, nil), (.chat, _): return try promptTokens(of: example)
    }
  }

  /// A row's prompt and reference answer with its end of text; nil without an answer, or if the prompt alone is
  /// as long as `limit`.
  package func scoredText(
    of example: PromptExample, template: PromptTemplate = .chat, limit: Int
  ) throws -> ScoredText? {
    guard let reference = example.reference, !reference.isEmpty else { return nil }
    let prompt = try promptTokens(of: example, template: template)
    var answer = tokenizer.encode(reference)
    if !example.isBrokenOff, let end = tokenizer.definition.eosToken { answer.append(end) }
    let tokens = prompt + answer
    guard prompt.count < min(limit, tokens.count) else { return nil }
    let kept = min(limit, tokens.count)
    return ScoredText(
      tokens: Array(tokens.prefix(kept)), scored: prompt.count..<kept, cutCount: tokens.count - kept)
  }
}
