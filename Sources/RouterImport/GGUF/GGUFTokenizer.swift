import RouterTokenizer

/// Reads the tokenizer that a GGUF file carries.
enum GGUFTokenizer {
  /// The tokenizer, complete for `vocabularySize` ids, and warnings.
  static func resolve(
    _ settings: GGUFSettings, vocabularySize: Int
  ) throws(ImportError) -> (definition: TokenizerDefinition, warnings: [String]) {
    guard let tokens = try settings.strings("tokenizer.ggml.tokens") else {
      throw settings.missing("tokenizer.ggml.tokens")
    }
    var warnings: [String] = []
    let model = try settings.string("tokenizer.ggml.model") ?? ""
    var definition: TokenizerDefinition
    switch model {
    case "gpt2": definition = try byteLevel(settings, tokens)
    case "llama": definition = try sentencePiece(settings, tokens)
    default:
      throw settings.unsupported(
        "the tokenizer model \(ImportError.quoted(model)) is not supported", "tokenizer.ggml.model",
        remedy: "Use a model with a byte-level BPE (gpt2) or SentencePiece BPE (llama) tokenizer.")
    }
    try readSpecialTokens(settings, into: &definition)
    definition.chatTemplate = TokenizerFinish.chatTemplate(
      try settings.string("tokenizer.chat_template"), &warnings)
    return (
      try TokenizerFinish.finish(definition, vocabularySize: vocabularySize, file: settings.file), warnings
    )
  }

  private static func byteLevel(
    _ settings: GGUFSettings, _ tokens: [String]
  ) throws(ImportError) -> TokenizerDefinition {
    guard let merges = try settings.strings("tokenizer.ggml.merges") else {
      throw settings.missing("tokenizer.ggml.merges")
    }
    guard let pre = try settings.string("tokenizer.ggml.pre") else {
      throw settings.missing("tokenizer.ggml.pre")
    }
    let preTokenizer: PreTokenizer
    switch pre {
    case "gpt-2", "phi-2", "mpt", "olmo": preTokenizer = .gpt2
    case "smollm", "starcoder", "refact", "codeshell": preTokenizer = .smollm
    case "llama-bpe", "llama3", "llama-v3": preTokenizer = .llama3
    case "qwen2", "deepseek-r1-qwen", "stablelm2": preTokenizer = .qwen2
    default:
      throw settings.unsupported(
        "the pre-tokenizer \(ImportError.quoted(pre)) is not supported", "tokenizer.ggml.pre",
        remedy: "Use a model with the pre-tokenizer of GPT-2, SmolLM, Llama-3 or Qwen2.")
    }
    return TokenizerDefinition(
      kind: .byteLevelBPE(
        preTokenizer: preTokenizer, merges: merges, ignoreMerges: preTokenizer == .llama3),
      // GGUF does not say so, but Qwen2's own tokenizer composes characters first.
      normalisation: pre == "qwen2" ? .nfc : .none,
      tokens: tokens, tokenKinds: try kinds(settings, count: tokens.count),
      addBOS: preTokenizer == .llama3)
  }

  private static func sentencePiece(
    _ settings: GGUFSettings, _ tokens: [String]
  ) throws(ImportError) -> TokenizerDefinition {
    guard let scores = try settings.numbers("tokenizer.ggml.scores") else {
      throw settings.missing("tokenizer.ggml.scores")
    }
    guard scores.count == tokens.count else {
      throw ImportError(
        .inconsistent, "\(scores.count) scores for \(tokens.count) tokens",
        at: .init(file: settings.file, item: "tokenizer.ggml.scores"), remedy: ImportError.downloadAgain)
    }
    let kinds = try kinds(settings, count: tokens.count)
    let prefix = try settings.bool("tokenizer.ggml.add_space_prefix") ?? true
    return TokenizerDefinition(
      kind: .sentencePieceBPE(
        scores: scores.map(Float.init), byteFallback: kinds.contains(.byte),
        addSpacePrefix: prefix ? .always : .never,
        removeExtraWhitespaces: try settings.bool("tokenizer.ggml.remove_extra_whitespaces") ?? false),
      tokens: tokens, tokenKinds: kinds,
      // SentencePiece's own defaults, which old converters left out.
      bosToken: tokens.count > 1 ? 1 : nil, eosToken: tokens.count > 2 ? 2 : nil,
      unknownToken: tokens.isEmpty ? nil : 0, addBOS: true)
  }

  private static func kinds(
    _ settings: GGUFSettings, count: Int
  ) throws(ImportError) -> [TokenizerDefinition.TokenKind] {
    let key = "tokenizer.ggml.token_type"
    guard let numbers = try settings.integers(key) else { throw settings.missing(key) }
    guard numbers.count == count else {
      throw ImportError(
        .inconsistent, "\(numbers.count) token types for \(count) tokens",
        at: .init(file: settings.file, item: key), remedy: ImportError.downloadAgain)
    }
    var kinds: [TokenizerDefinition.TokenKind] = []
    kinds.reserveCapacity(count)
    for (id, number) in numbers.enumerated() {
      guard let raw = UInt8(exactly: number), let kind = TokenizerDefinition.TokenKind(rawValue: raw) else {
        throw ImportError(
          .malformed, "token \(id) has the type \(number), which GGUF does not define",
          at: .init(file: settings.file, item: key), remedy: ImportError.downloadAgain)
      }
      kinds.append(kind)
    }
    return kinds
  }

  private static func readSpecialTokens(
    _ settings: GGUFSettings, into definition: inout TokenizerDefinition
  ) throws(ImportError) {
    let count = definition.tokens.count
    func token(_ name: String, else fallback: TokenID?) throws(ImportError) -> TokenID? {
      let key = "tokenizer.ggml.\(name)_token_id"
      // 2^32 - 1 is how some converters write "none".
      guard let id = try settings.whole(key), id != Int(UInt32.max), id != -1 else { return fallback }
      guard (0..<count).contains(id), let id = TokenID(exactly: id) else {
        throw ImportError(
          .inconsistent, "the token id \(id) is outside 0..<\(count)",
          at: .init(file: settings.file, item: key),
          remedy: ImportError.downloadAgain)
      }
      return id
    }
    definition.bosToken = try token("bos", else: definition.bosToken)
    definition.eosToken = try token("eos", else: definition.eosToken)
    definition.unknownToken = try token("unknown", else: definition.unknownToken)
    definition.padToken = try token("padding", else: nil)
    definition.addBOS = try settings.bool("tokenizer.ggml.add_bos_token") ?? definition.addBOS
    definition.addEOS = try settings.bool("tokenizer.ggml.add_eos_token") ?? false
    for name in ["eot", "eom"] {
      if let id = try token(name, else: nil) { definition.endOfGeneration.append(id) }
    }
  }
}
