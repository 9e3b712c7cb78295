import RouterCheckpoint
import RouterDecoding
import RouterModel
import RouterTensor
import RouterTokenizer

/// A random model of four layers, each an exit, whose vocabulary is the 256 bytes and an end-of-text token.
enum TinyLanguage {
  static let endOfText: Int32 = 256
  static let layerCount = 4
  static let vocabularySize = 257
  /// A fingerprint has the form of a SHA-256.
  static let fingerprint = String(repeating: "a5", count: 32)

  /// - Parameters:
  ///   - amplitude: size of the layers' weights; near 0 every exit says what the embedding alone says.
  ///   - endOfGeneration: tokens that end an answer besides the end-of-text token.
  static func make(
    amplitude: Float = 0.3, endOfGeneration: [Int32] = [], contextLength: Int = 128
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
      weights: weights(configuration, amplitude: amplitude, team: matmul.team),
      matmul: matmul)
    let metadata = try CheckpointMetadata(
      name: "tiny", configuration: configuration, exits: exits, tokenizer: "{}", quantization: "q8",
      provenance: Provenance(source: "random numbers", tool: "tests"))
    return LanguageModel(
      model: model, tokenizer: try bytes(endOfGeneration: endOfGeneration), metadata: metadata,
      fingerprint: fingerprint)
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
    _ configuration: ModelConfiguration, amplitude: Float, team: ThreadTeam
  ) -> LlamaWeights {
    var random = SeededGenerator(seed: 2309_08968)
    return LlamaWeights(
      TensorTable(configuration), layerCount: layerCount,
      matrix: { entry in
        let size: Float = entry.part.role == .vocabulary ? 1 : amplitude
        return q8(
          random.floats(entry.elementCount, amplitude: size), rows: entry.shape[0], columns: entry.shape[1],
          team: team)
      }, vector: { buffer(random.floats($0.elementCount, amplitude: 0.25).map { 1 + $0 }) })
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
