import RouterCheckpoint
import RouterDecoding
import RouterModel
import RouterTensor
import RouterTokenizer

/// A random model of four layers, each an exit, whose vocabulary is the 256 bytes and an end-of-text token.
enum TinyLanguage {
  /// The bytes that the model is likely to say: its head knows nothing else.
  static let letters = Array(UInt8(ascii: "a")...UInt8(ascii: "p"))
  static let endOfText: Int32 = 256
  static let layerCount = 4
  static let vocabularySize = 257

  /// - Parameters:
  ///   - likely: bytes whose rows of the head are random; those of the others are zero.
  ///   - layers: layers that are loaded.
  ///   - endOfGeneration: tokens that end an answer besides the end-of-text token.
  ///   - tokenizer: another tokenizer for the same 257 tokens.
  ///   - headScreening: when the head gets a screen; nil for never, since it is small.
  static func make(
    likely: [UInt8] = letters, layers: Int = layerCount, endOfGeneration: [Int32] = [],
    contextLength: Int = 128, tokenizer: Tokenizer? = nil, headScreening: HeadScreening? = nil
  ) throws -> LanguageModel {
    let configuration = try ModelConfiguration(
      architecture: .llama, layerCount: layerCount, width: 32, headCount: 2, keyValueHeadCount: 1,
      headWidth: 16,
      feedForwardWidth: 64, vocabularySize: vocabularySize, contextLength: contextLength, normEpsilon: 1e-5,
      rotary: RotaryEmbedding(base: 10_000), tiedHead: false, attentionBias: false)
    let matmul = Matmul(team: ThreadTeam(threadCount: 1))
    let exits = Array(1...layerCount)
    let model = LlamaModel(
      configuration: configuration, exits: exits,
      weights: weights(configuration, layers: layers, likely: Set(likely), team: matmul.team),
      matmul: matmul, headScreening: headScreening)
    let metadata = try CheckpointMetadata(
      name: "tiny", configuration: configuration, exits: exits, tokenizer: "{}", quantization: "q8",
      provenance: Provenance(source: "random numbers", tool: "tests"))
    return LanguageModel(
      model: model, tokenizer: try tokenizer ?? bytes(endOfGeneration: endOfGeneration), metadata: metadata,
      fingerprint: "tiny")
  }

  /// SentencePiece's way: every token is a word of one character with the space before it.
  static func words() throws -> Tokenizer {
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
    // GPT-2 writes the bytes that print as themselves, the others as U+0100 and following.
    var next: UInt32 = 0x100
    let bytes = (0...255).map { (byte: UInt32) -> String in
      let prints = (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || byte >= 0xAE
      defer { next += prints ? 0 : 1 }
      return Unicode.Scalar(prints ? byte : next).map { String(Character($0)) } ?? ""
    }
    return try Tokenizer(
      TokenizerDefinition(
        kind: .byteLevelBPE(preTokenizer: .gpt2, merges: [], ignoreMerges: false),
        tokens: bytes + ["<|end|>"],
        tokenKinds: .init(repeating: .normal, count: 256) + [.control], eosToken: endOfText,
        endOfGeneration: endOfGeneration))
  }

  private static func weights(
    _ configuration: ModelConfiguration, layers: Int, likely: Set<UInt8>, team: ThreadTeam
  ) -> LlamaWeights {
    var random = SeededGenerator(seed: 2309_08968)
    return LlamaWeights(
      TensorTable(configuration), layerCount: layers,
      matrix: { entry in
        let amplitude: Float = entry.part.role == .vocabulary ? 1 : 0.3
        var elements = random.floats(entry.elementCount, amplitude: amplitude)
        if entry.part == .head { silence(&elements, exceptRowsOf: likely, width: configuration.width) }
        return q8(elements, rows: entry.shape[0], columns: entry.shape[1], team: team)
      }, vector: { buffer(random.floats($0.elementCount, amplitude: 0.25).map { 1 + $0 }) })
  }

  /// Sets the rows of unlikely tokens to zero.
  private static func silence(_ head: inout [Float], exceptRowsOf likely: Set<UInt8>, width: Int) {
    for row in 0..<vocabularySize where row > 255 || !likely.contains(UInt8(row)) {
      for c in row * width..<(row + 1) * width { head[c] = 0 }
    }
  }

  private static func q8(_ source: [Float], rows: Int, columns: Int, team: ThreadTeam) -> WeightMatrix {
    WeightMatrix(EncodedMatrix(source, as: .q8, rows: rows, columns: columns), team: team)
  }

  private static func buffer(_ elements: [Float]) -> AlignedBuffer {
    let buffer = AlignedBuffer(byteCount: elements.count * 4)
    _ = buffer.elements(of: Float.self).update(fromContentsOf: elements)
    return buffer
  }
}
