import RouterCheckpoint
import RouterModel
import RouterTensor

@testable import RouterTraining

/// Small f32 models whose weights are those of `.ci/fixtures/training_reference.py`.
struct TinyModel {
  let configuration: ModelConfiguration
  var exits: [Int]
  /// What exits but the last have; nil for no adapters.
  var adapterKind: ExitAdapterKind?

  /// Two layers, untied head, no biases.
  static func plain() throws -> TinyModel {
    TinyModel(
      configuration: try ModelConfiguration(
        architecture: .llama, layerCount: 2, width: 32, headCount: 2, keyValueHeadCount: 2, headWidth: 12,
        feedForwardWidth: 40, vocabularySize: 67, contextLength: 64, normEpsilon: 1e-5,
        rotary: RotaryEmbedding(base: 10000, scaling: .none), tiedHead: false, attentionBias: false),
      exits: [1, 2])
  }

  /// Three layers, tied head, grouped queries with biases.
  static func biased() throws -> TinyModel {
    TinyModel(
      configuration: try ModelConfiguration(
        architecture: .qwen2, layerCount: 3, width: 32, headCount: 4, keyValueHeadCount: 2, headWidth: 8,
        feedForwardWidth: 48, vocabularySize: 67, contextLength: 64, normEpsilon: 1e-5,
        rotary: RotaryEmbedding(base: 10000, scaling: .none), tiedHead: true, attentionBias: true),
      exits: [1, 2, 3])
  }

  func model(threads: Int = 2) -> LlamaModel {
    LlamaModel(
      configuration: configuration, exits: exits,
      weights: LlamaWeights(
        TensorTable(configuration), layerCount: configuration.layerCount, adapters: adapters,
        matrix: { entry in
          WeightMatrix(
            EncodedMatrix(
              .f32, elements: Self.weights(of: entry), rows: entry.shape[0], columns: entry.shape[1]))
        }, vector: Self.weights),
      matmul: Matmul(team: ThreadTeam(threadCount: threads), precision: .f32))
  }

  private static func weights(of entry: TensorTable.Entry) -> AlignedBuffer {
    buffer(elements(of: entry.name, count: entry.elementCount))
  }

  private var adapters: [Int: ExitAdapter] {
    guard let adapterKind else { return [:] }
    func part(_ exit: Int, _ index: Int) -> (buffer: AlignedBuffer, shape: [Int]) {
      let part = adapterKind.parts(width: configuration.width)[index]
      let name = TensorName.adapter(exit: exit, part.name)
      return (Self.buffer(Self.elements(of: name, count: part.shape.reduce(1, *))), part.shape)
    }
    func matrix(_ exit: Int, _ index: Int) -> WeightMatrix {
      let (buffer, shape) = part(exit, index)
      return WeightMatrix(EncodedMatrix(.f32, elements: buffer, rows: shape[0], columns: shape[1]))
    }
    return Dictionary(
      uniqueKeysWithValues: exits.dropLast().map { exit in
        switch adapterKind {
        case .linear: (exit, .linear(weight: matrix(exit, 0), bias: part(exit, 1).buffer))
        case .gated: (exit, .gated(gate: matrix(exit, 0), up: matrix(exit, 1), down: matrix(exit, 2)))
        }
      })
  }

  /// The model as a checkpoint.
  var metadata: CheckpointMetadata {
    get throws {
      try CheckpointMetadata(
        name: "tiny", configuration: configuration, exits: exits, tokenizer: "{}", quantization: "f32",
        provenance: Provenance(source: "fixture", tool: "tests"))
    }
  }

  /// Writes the model, in f32, to a checkpoint at `path`, with its adapters.
  func write(to path: String) throws {
    let bare = path + ".bare"
    func tensors(_ name: String, _ shape: [Int]) -> [PendingTensor] {
      PendingTensor.encoding(
        name, shape: shape, values: Self.elements(of: name, count: shape.reduce(1, *)), as: .f32)
    }
    let trunk = TensorTable(configuration).entries.flatMap { tensors($0.name, $0.shape) }
    guard let adapterKind else {
      return try CheckpointWriter.write(to: path, metadata: metadata, tensors: trunk)
    }
    try CheckpointWriter.write(to: bare, metadata: metadata, tensors: trunk)
    let record = AdapterRecord(
      kind: adapterKind, exits: exits.dropLast(), base: try metadata,
      fingerprint: try CheckpointReader(path: bare).fingerprint, tuning: "made by a test", license: nil)
    let adapters = exits.dropLast().flatMap { exit in
      adapterKind.parts(width: configuration.width).flatMap {
        tensors(TensorName.adapter(exit: exit, $0.name), $0.shape)
      }
    }
    try CheckpointWriter.write(to: path, metadata: metadata.with(record), tensors: trunk + adapters)
  }

  /// Multiples of 2^-23 in -1 ..< 1 from SplitMix64, seeded with the name's 64-bit FNV-1a hash, scaled; norms
  /// are around 1.
  static func elements(of name: String, count: Int) -> [Float] {
    let amplitude: Float = name.hasSuffix("bias") ? 0.5 : name.contains("embed") ? 1 : 0.25
    let centre: Float = name.contains("norm") ? 1 : 0
    return units(name, count: count).map { $0 * amplitude + centre }
  }

  /// The numbers behind ``elements(of:count:)``.
  static func units(_ name: String, count: Int) -> [Float] {
    var state = name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    return (0..<count).map { _ in
      state &+= 0x9E37_79B9_7F4A_7C15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
      mixed ^= mixed >> 31
      return Float(Int(mixed >> 40) - (1 << 23)) * 0x1p-23
    }
  }

  static func buffer(_ values: [Float]) -> AlignedBuffer {
    let buffer = AlignedBuffer(byteCount: values.count * 4)
    _ = buffer.elements(of: Float.self).update(fromContentsOf: values)
    return buffer
  }
}

extension TuningSettings {
  /// A run of a few small batches that writes its state on the way.
  static func brief(_ method: TuningMethod = .soft, steps: Int = 8) -> TuningSettings {
    var settings = TuningSettings(method: method, steps: steps, learningRate: 0.01)
    settings.batchTokens = 40
    settings.warmupSteps = 2
    settings.checkpointEvery = 3
    return settings
  }
}
