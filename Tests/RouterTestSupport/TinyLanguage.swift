import RouterCheckpoint
import RouterDecoding
import RouterExit
import RouterModel
import RouterRandom
import RouterTensor
import RouterTokenizer

/// A random model of four layers, each an exit, whose vocabulary is the 256 bytes and an end-of-text token.
package enum TinyLanguage {
  /// The bytes that the model is likely to say: its head knows nothing else.
  package static let letters = Array(UInt8(ascii: "a")...UInt8(ascii: "p"))
  package static let endOfText: Int32 = 256
  package static let layerCount = 4
  package static let vocabularySize = 257
  /// A fingerprint has the form of a SHA-256.
  package static let fingerprint = String(repeating: "a5", count: 32)

  /// A model that says some bytes, and never ends of its own accord.
  ///
  /// - Parameters:
  ///   - likely: bytes whose rows of the head are random; those of the others are zero. Nil for all rows, that of
  ///     the end-of-text token too.
  ///   - amplitude: size of the layers' weights; near 0 every exit says what the embedding alone says.
  ///   - layers: layers that are loaded.
  ///   - endOfGeneration: tokens that end an answer besides the end-of-text token.
  ///   - tokenizer: another tokenizer for the same 257 tokens.
  ///   - headScreening: when the head gets a screen; nil for never, since it is small.
  ///   - keyValueType: how keys and values are held; nil for f16.
  ///   - hasNarrowHead: whether the head has a narrow form.
  package static func make(
    likely: [UInt8]? = letters, amplitude: Float = 0.3, layers: Int = layerCount,
    endOfGeneration: [Int32] = [], contextLength: Int = 128, tokenizer: Tokenizer? = nil,
    headScreening: HeadScreening? = nil, keyValueType: KeyValueType? = nil, hasNarrowHead: Bool = true
  ) throws -> LanguageModel {
    let configuration = try ModelConfiguration(
      architecture: .llama, layerCount: layerCount, width: 32, headCount: 2, keyValueHeadCount: 1,
      headWidth: 16, feedForwardWidth: 64, vocabularySize: vocabularySize, contextLength: contextLength,
      normEpsilon: 1e-5,
      rotary: RotaryEmbedding(base: 10_000), tiedHead: false, attentionBias: false)
    let matmul = Matmul(team: ThreadTeam(threadCount: 1))
    let exits = Array(1...layerCount)
    let model = LlamaModel(
      configuration: configuration, exits: exits,
      weights: weights(
        configuration, layers: layers, likely: likely.map { Set($0) }, amplitude: amplitude,
        hasNarrowHead: hasNarrowHead, team: matmul.team),
      matmul: matmul, headScreening: headScreening, cacheElement: keyValueType.map(CacheElement.init))
    let metadata = try CheckpointMetadata(
      name: "tiny", configuration: configuration, exits: exits, tokenizer: "{}", quantization: "q8",
      provenance: Provenance(source: "random numbers", tool: "tests"))
    return LanguageModel(
      model: model, tokenizer: try tokenizer ?? bytes(endOfGeneration: endOfGeneration), metadata: metadata,
      fingerprint: fingerprint)
  }

  /// A model that may say any byte, and may end.
  package static func ofAllTokens(
    amplitude: Float = 0.3, endOfGeneration: [Int32] = [], contextLength: Int = 128
  ) throws -> LanguageModel {
    try make(
      likely: nil, amplitude: amplitude, endOfGeneration: endOfGeneration, contextLength: contextLength)
  }

  /// SentencePiece's way: every token is a word of one character with the space before it.
  package static func words() throws -> Tokenizer {
    let pieces = (0..<256).map { (index: UInt32) in
      "\u{2581}" + (Unicode.Scalar(0x4E00 + index).map { String(Character($0)) } ?? "")
    }
    return try Tokenizer(
      TokenizerDefinition(
        kind: .sentencePieceBPE(
          scores: .init(repeating: 0, count: 257), byteFallback: false, addSpacePrefix: .always,
          removeExtraWhitespaces: false), tokens: pieces + ["</s>"],
        tokenKinds: .init(repeating: .normal, count: 256) + [.control], eosToken: endOfText, unknownToken: 0))
  }

  /// GPT-2's way: every token is a byte.
  private static func bytes(endOfGeneration: [Int32]) throws -> Tokenizer {
    try Tokenizer(byteDefinition(endOfGeneration: endOfGeneration))
  }

  /// A tokenizer of which every token but the last is a byte, as a checkpoint stores it.
  package static func byteDefinition(
    endOfGeneration: [Int32] = [], chatTemplate: ChatTemplateKind? = nil
  ) -> TokenizerDefinition {
    // GPT-2 writes the bytes that print as themselves, the others as U+0100 and following.
    var next: UInt32 = 0x100
    let bytes = (0...255).map { (byte: UInt32) -> String in
      let prints = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
      defer { next += prints ? 0 : 1 }
      return Unicode.Scalar(prints ? byte : next).map { String(Character($0)) } ?? ""
    }
    return TokenizerDefinition(
      kind: .byteLevelBPE(preTokenizer: .gpt2, merges: [], ignoreMerges: false), tokens: bytes + ["<|end|>"],
      tokenKinds: .init(repeating: .normal, count: 256) + [.control], eosToken: endOfText,
      endOfGeneration: endOfGeneration, chatTemplate: chatTemplate)
  }

  private static func weights(
    _ configuration: ModelConfiguration, layers: Int, likely: Set<UInt8>?, amplitude: Float,
    hasNarrowHead: Bool,
    team: ThreadTeam
  ) -> LlamaWeights {
    var random = SplitMix64(seed: 2309_08968)
    var head: [Float] = []
    let weights = LlamaWeights(
      TensorTable(configuration), layerCount: layers,
      matrix: { entry in
        let size: Float = entry.part.role == .vocabulary ? 1 : amplitude
        var elements = random.floats(entry.elementCount, amplitude: size)
        if entry.part == .head, let likely {
          silence(&elements, exceptRowsOf: likely, width: configuration.width)
        }
        if entry.part == .head { head = elements }
        return WeightMatrix(
          EncodedMatrix(elements, as: .q8, rows: entry.shape[0], columns: entry.shape[1]), team: team)
      },
      vector: {
        AlignedBuffer(holding: random.floats($0.elementCount, amplitude: 0.25).map { 1 + $0 })
      })
    return LlamaWeights(
      embedding: weights.embedding, finalNorm: weights.finalNorm, head: weights.head, layers: weights.layers,
      narrowHead: hasNarrowHead ? narrowHead(of: head, width: configuration.width) : nil)
  }

  /// A narrow head that is off by some noise, so that it often misses what the head says: four blocks of 16 tokens lead.
  private static func narrowHead(of head: [Float], width: Int) -> NarrowHead {
    var random = SplitMix64(seed: 96)
    let noise = random.floats(head.count, amplitude: 0.5)
    let identity = (0..<width * width).map { $0 % (width + 1) == 0 ? Float(1) : 0 }
    return NarrowHead(
      projection: AlignedBuffer(holding: identity), centre: AlignedBuffer(byteCount: width * 4),
      weight: WeightMatrix(
        EncodedMatrix(zip(head, noise).map(+), as: .q8, rows: vocabularySize, columns: width)),
      bias: AlignedBuffer(byteCount: vocabularySize * 4), leadingBlocks: 4)
  }

  /// Sets the rows of unlikely tokens to zero.
  private static func silence(_ head: inout [Float], exceptRowsOf likely: Set<UInt8>, width: Int) {
    for row in 0..<vocabularySize where row > 255 || !likely.contains(UInt8(row)) {
      for c in row * width..<(row + 1) * width { head[c] = 0 }
    }
  }
}
