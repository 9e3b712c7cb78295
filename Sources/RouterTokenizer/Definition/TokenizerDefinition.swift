/// A token's index in the vocabulary.
package typealias TokenID = Int32

/// Everything that determines a tokenizer, as stored (in JSON) in a checkpoint.
///
/// This is the raw form that importers fill; ``Tokenizer/init(_:)`` validates it.
package struct TokenizerDefinition: Sendable, Codable, Equatable {
  /// The algorithm that turns text into tokens.
  package var kind: Kind
  /// Applied to text before everything else.
  package var normalisation: Normalisation
  /// The text of each token, `[V]`: in GPT-2's byte alphabet for byte-level BPE (as in vocab.json), with U+2581
  /// for a space for SentencePiece, literal for control and user-defined tokens.
  package var tokens: [String]
  /// The role of each token, `[V]`.
  package var tokenKinds: [TokenKind]
  /// Begins a sequence.
  package var bosToken: TokenID?
  /// Ends a sequence.
  package var eosToken: TokenID?
  /// Stands for text that the vocabulary cannot express.
  package var unknownToken: TokenID?
  /// Fills up batches.
  package var padToken: TokenID?
  /// Whether the model expects ``bosToken`` before a prompt.
  package var addBOS: Bool
  /// Whether ``eosToken`` follows an encoded text.
  package var addEOS: Bool
  /// Tokens that end a generation, besides ``eosToken``.
  package var endOfGeneration: [TokenID]
  /// How a conversation becomes a prompt; nil for a model that was never taught one.
  package var chatTemplate: ChatTemplateKind?

  /// Makes a definition from its parts.
  package init(
    kind: Kind,
    normalisation: Normalisation = .none,
    tokens: [String],
    tokenKinds: [TokenKind],
    bosToken: TokenID? = nil,
    eosToken: TokenID? = nil,
    unknownToken: TokenID? = nil,
    padToken: TokenID? = nil,
    addBOS: Bool = false,
    addEOS: Bool = false,
    endOfGeneration: [TokenID] = [],
    chatTemplate: ChatTemplateKind? = nil
  ) {
    self.kind = kind
    self.normalisation = normalisation
    self.tokens = tokens
    self.tokenKinds = tokenKinds
    self.bosToken = bosToken
    self.eosToken = eosToken
    self.unknownToken = unknownToken
    self.padToken = padToken
    self.addBOS = addBOS
    self.addEOS = addEOS
    self.endOfGeneration = endOfGeneration
    self.chatTemplate = chatTemplate
  }
}

extension TokenizerDefinition {
  /// The algorithm that turns text into tokens.
  package enum Kind: Sendable, Codable, Equatable {
    /// GPT-2's scheme: words of bytes, merged pair by pair.
    ///
    /// `merges` are "left right" in rank order, as in GGUF files and merges.txt. With `ignoreMerges` a word that is
    /// itself a token is taken whole (Llama-3).
    case byteLevelBPE(preTokenizer: PreTokenizer, merges: [String], ignoreMerges: Bool)
    /// SentencePiece's BPE: the whole text, merged into the piece with the highest score first.
    ///
    /// `scores` is `[V]`. With `byteFallback` a character that is no piece becomes its UTF-8 bytes' tokens
    /// (`<0x00>`...`<0xFF>`), else `unknownToken`. `removeExtraWhitespaces` trims the text and collapses runs of
    /// spaces.
    case sentencePieceBPE(
      scores: [Float], byteFallback: Bool, addSpacePrefix: SpacePrefix, removeExtraWhitespaces: Bool)
  }

  /// Where SentencePiece puts a space of its own before the text (its `add_dummy_prefix`).
  package enum SpacePrefix: String, Sendable, Codable {
    /// Nowhere.
    case never
    /// Before the text only.
    case first
    /// Before the text and again after each special token, as `sentencepiece`, llama.cpp and Llama-2 do.
    case always
  }

  /// A Unicode normalisation of the text.
  package enum Normalisation: String, Sendable, Codable {
    /// The text stays as it is.
    case none
    /// Canonical composition, as Qwen2 does.
    case nfc
  }

  /// The role of a token; raw values are GGUF's `tokenizer.ggml.token_type`, which are SentencePiece's.
  package enum TokenKind: UInt8, Sendable, Codable {
    /// Made from text.
    case normal = 1
    /// Stands for what the vocabulary cannot express.
    case unknown = 2
    /// A special token: never made from text unless ``SpecialTokenHandling/parse`` asks for it.
    case control = 3
    /// Found in text before any other step, whatever surrounds it.
    case userDefined = 4
    /// Reserved; never produced.
    case unused = 5
    /// A single byte, `<0x00>`...`<0xFF>` (SentencePiece).
    case byte = 6
  }
}
