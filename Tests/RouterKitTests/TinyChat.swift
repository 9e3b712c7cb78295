import Foundation
import RouterCheckpoint
import RouterTensor
import RouterTestSupport
import RouterTokenizer

/// A checkpoint of a random model of four layers that takes conversations.
enum TinyChat {
  /// Writes the checkpoint to `path`.
  static func write(to path: String) throws {
    let configuration = try ModelConfiguration(
      architecture: .llama, layerCount: 4, width: 32, headCount: 2, keyValueHeadCount: 1, headWidth: 16,
      feedForwardWidth: 64, vocabularySize: TinyLanguage.vocabularySize, contextLength: 128,
      normEpsilon: 1e-5, rotary: RotaryEmbedding(base: 10_000), tiedHead: false, attentionBias: false)
    let definition = TinyLanguage.byteDefinition(chatTemplate: .llama2)
    let metadata = try CheckpointMetadata(
      name: "tiny", configuration: configuration, exits: [1, 2, 3, 4],
      tokenizer: String(decoding: JSONEncoder().encode(definition), as: UTF8.self), quantization: "f32",
      provenance: Provenance(source: "random numbers", tool: "tests"))
    try CheckpointWriter.write(
      to: path, metadata: metadata,
      tensors: TensorTable(configuration).entries.flatMap { entry in
        PendingTensor.encoding(
          entry.name, shape: entry.shape, values: FixtureWeights.elements(of: entry), as: .f32)
      })
  }
}
