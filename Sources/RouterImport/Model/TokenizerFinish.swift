import RouterTokenizer

/// Steps that both kinds of source share once their tokens are known.
enum TokenizerFinish {
  /// Texts of tokens by which published models end a turn or a text, whatever their `eos_token` says.
  private static let endTexts: Set<String> = [
    "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|endoftext|>", "<|end|>", "<end_of_turn>",
    "<|end_of_turn|>", "</s>",
  ]

  /// Adds the control tokens that end a generation, and names for ids that the embedding has beyond the
  /// tokenizer, so that every id the model can produce has a token.
  ///
  /// - Parameter vocabularySize: rows of the embedding, V.
  /// - Throws: `ImportError` if the tokenizer has more tokens than the embedding has rows, or is not valid.
  static func finish(
    _ definition: TokenizerDefinition, vocabularySize: Int, file: String
  ) throws(ImportError) -> TokenizerDefinition {
    var definition = definition
    let count = definition.tokens.count
    guard count <= vocabularySize else {
      throw ImportError(
        .inconsistent, "the tokenizer has \(count) tokens, the embedding \(vocabularySize) rows",
        at: .init(file: file), remedy: "Use the tokenizer that belongs to these weights.")
    }
    for id in count..<vocabularySize {
      definition.tokens.append("[PAD\(id)]")
      definition.tokenKinds.append(.unused)
    }
    if case .sentencePieceBPE(let scores, let fallback, let prefix, let trims) = definition.kind {
      let padding = [Float](repeating: 0, count: max(0, vocabularySize - scores.count))
      definition.kind = .sentencePieceBPE(
        scores: scores + padding, byteFallback: fallback, addSpacePrefix: prefix,
        removeExtraWhitespaces: trims)
    }
    var ends = Set(definition.endOfGeneration)
    for (id, text) in definition.tokens.enumerated()
    where definition.tokenKinds[id] == .control && endTexts.contains(text) {
      ends.insert(TokenID(id))
    }
    if let eos = definition.eosToken { ends.insert(eos) }
    definition.endOfGeneration = ends.sorted()
    return try ImportError.checking(definition, file: file)
  }

  /// The chat format of a template, with a warning if `router` cannot render it.
  static func chatTemplate(_ jinja: String?, _ warnings: inout [String]) -> ChatTemplateKind? {
    guard let jinja else {
      warnings.append("The model has no chat template: it completes text, but does not chat.")
      return nil
    }
    if let kind = ChatTemplate.recognise(jinja: jinja) { return kind }
    warnings.append(
      "The chat template is none that router renders (ChatML, Llama-2, Llama-3, Zephyr, Alpaca): the model "
        + "completes text, but does not chat.")
    return nil
  }
}
