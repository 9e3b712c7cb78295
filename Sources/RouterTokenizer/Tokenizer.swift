/// Turns text into tokens and back.
package struct Tokenizer: Sendable {
  /// What the tokenizer was made from.
  package let definition: TokenizerDefinition
  /// Tokens at which a generation ends: the definition's, its `eosToken`, and the chat template's end of a turn.
  package let endOfGeneration: Set<TokenID>

  private let vocabulary: Vocabulary
  private let encoder: Encoder
  /// Finds control tokens.
  private let controls: LiteralMatcher

  /// The algorithm.
  private enum Encoder: Sendable {
    case byteLevel(ByteLevelEncoder)
    case sentencePiece(SentencePieceEncoder)
  }

  /// Makes a tokenizer.
  ///
  /// - Throws: ``TokenizerError`` naming the first field that is inconsistent.
  package init(_ definition: TokenizerDefinition) throws(TokenizerError) {
    let vocabulary = try Vocabulary(definition)
    switch definition.kind {
    case .byteLevelBPE(let preTokenizer, let merges, let ignoreMerges):
      encoder = .byteLevel(
        try ByteLevelEncoder(
          definition.tokens, vocabulary, preTokenizer: preTokenizer, merges: merges,
          ignoreMerges: ignoreMerges))
    case .sentencePieceBPE(let scores, let byteFallback, let addSpacePrefix, let removeExtraWhitespaces):
      encoder = .sentencePiece(
        try SentencePieceEncoder(
          definition, vocabulary, scores: scores, byteFallback: byteFallback,
          options: .init(addSpacePrefix: addSpacePrefix, removeExtraWhitespaces: removeExtraWhitespaces)))
    }
    self.definition = definition
    self.vocabulary = vocabulary
    controls = vocabulary.matcher(of: .control, .unknown)
    let turnEnds = definition.chatTemplate.map { ChatTemplate($0).turnEnds } ?? []
    endOfGeneration = Set(
      definition.endOfGeneration + [definition.eosToken].compactMap { $0 }
        + turnEnds.compactMap { vocabulary.literals[Array($0.utf8)] })
  }
}

// MARK: Encoding

extension Tokenizer {
  /// The tokens of a text, in O(n log n) for n bytes without white space and O(n) for ordinary text.
  ///
  /// Bytes that a byte-level vocabulary lacks are left out, as its reference does. With `addBOS` the definition's BOS,
  /// if it has one, comes first; no EOS is ever added.
  package func encode(
    _ text: String, specialTokens: SpecialTokenHandling = .asText, addBOS: Bool = false
  ) -> [TokenID] {
    let ids = encodeWithoutBOS([specialTokens == .parse ? .control(text) : .text(text)])
    guard addBOS, let bos = definition.bosToken else { return ids }
    return [bos] + ids
  }

  /// The tokens of a prompt; the definition's BOS is put in front where its `addBOS` asks for it and the prompt lacks
  /// it.
  package func encode(_ segments: [PromptSegment]) -> [TokenID] {
    let ids = encodeWithoutBOS(segments)
    guard definition.addBOS, let bos = definition.bosToken, ids.first != bos else { return ids }
    return [bos] + ids
  }

  private func encodeWithoutBOS(_ segments: [PromptSegment]) -> [TokenID] {
    var fragments: [Fragment] = []
    for segment in segments {
      switch segment {
      case .bos: if let bos = definition.bosToken { fragments.append(.token(bos)) }
      case .eos: if let eos = definition.eosToken { fragments.append(.token(eos)) }
      case .control(let text): fragments.appendJoiningText(controls.split(text))
      case .text(let text): fragments.appendJoiningText([.text(text)])
      }
    }
    var ids: [TokenID] = []
    for fragment in fragments {
      switch fragment {
      case .token(let id): ids.append(id)
      case .text(let text): encode(text, into: &ids)
      }
    }
    return ids
  }

  /// Appends the tokens of a text between special tokens.
  private func encode(_ text: String, into ids: inout [TokenID]) {
    let text = definition.normalisation.applied(to: text)
    switch encoder {
    case .sentencePiece(let encoder):
      encoder.encode(text, isFirst: ids.isEmpty, into: &ids)
    case .byteLevel(let encoder):
      encoder.encode(text, into: &ids)
    }
  }
}

// MARK: Decoding

extension Tokenizer {
  /// The text of tokens; invalid UTF-8 becomes U+FFFD, one for each maximal invalid part.
  ///
  /// A SentencePiece vocabulary whose encoder puts a space in front has it dropped again, unless the tokens are
  /// `continuing` a text.
  package func decode(
    _ ids: some Sequence<TokenID>, skippingSpecial: Bool = true, continuing: Bool = false
  ) -> String {
    var decoder = makeStreamingDecoder(skippingSpecial: skippingSpecial, continuing: continuing)
    var text = ""
    for id in ids { text += decoder.append(id) }
    return text + decoder.finish()
  }

  /// A decoder that gives text as tokens arrive.
  package func makeStreamingDecoder(
    skippingSpecial: Bool = true, continuing: Bool = false
  ) -> StreamingDecoder {
    let leadingSpace: StreamingDecoder.LeadingSpace =
      switch definition.kind {
      case .sentencePieceBPE(_, _, _, removeExtraWhitespaces: true) where !continuing: .dropped
      case .sentencePieceBPE(_, _, let prefix, _) where !continuing && prefix != .never: .droppedOnce
      case .sentencePieceBPE, .byteLevelBPE: .kept
      }
    return StreamingDecoder(vocabulary, skippingSpecial: skippingSpecial, leadingSpace: leadingSpace)
  }
}

// MARK: Tokens

extension Tokenizer {
  /// V, the number of tokens.
  package var vocabularySize: Int { vocabulary.count }

  /// The bytes that a token stands for, a special token's name included; none if the id is out of range.
  package func bytes(of id: TokenID) -> [UInt8] {
    vocabulary[id].map { Array($0) } ?? []
  }

  /// Whether a token is a control or unknown token, which decoding may skip.
  package func isSpecial(_ id: TokenID) -> Bool {
    vocabulary.isSpecial(id)
  }

  /// The id of a special or user-defined token, by its literal text.
  package func id(ofSpecial text: String) -> TokenID? {
    vocabulary.literals[Array(text.utf8)]
  }

  /// The chat template's markers at which a generation ends but which are not tokens of this vocabulary.
  package var stopStrings: [String] {
    let turnEnds = definition.chatTemplate.map { ChatTemplate($0).turnEnds } ?? []
    return turnEnds.filter { id(ofSpecial: $0) == nil }
  }
}
