import Foundation
import RouterCheckpoint
import RouterRandom
import RouterTensor

func fileBytes(_ path: String) throws -> [UInt8] {
  [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
}

/// The bytes of a tensor in memory.
func bytes(_ tensor: LoadedTensors.LoadedTensor?) -> [UInt8] {
  tensor.map { Array($0.buffer.bytes) } ?? []
}

/// A model with tensors of given bytes.
struct SampleModel {
  struct Tensor {
    var name: String
    var dtype: DType
    var shape: [Int]
    var bytes: [UInt8]
  }

  var metadata: CheckpointMetadata
  var tensors: [Tensor]

  /// Tensors that the writer takes, filled from the bytes.
  var pending: [PendingTensor] {
    tensors.map { tensor in
      PendingTensor(name: tensor.name, dtype: tensor.dtype, shape: tensor.shape) {
        $0.copyBytes(from: tensor.bytes)
      }
    }
  }

  func write(to path: String, options: CheckpointWriter.Options = .small) throws {
    try CheckpointWriter.write(to: path, metadata: metadata, tensors: pending, options: options)
  }
}

extension CheckpointWriter.Options {
  /// Frames so small that even a tiny model has many.
  static var small: CheckpointWriter.Options { .init(frameByteCount: 1 << 10) }

  static func planar(frameByteCount: Int = 1 << 10) -> CheckpointWriter.Options {
    .init(frameByteCount: frameByteCount, planar: true)
  }
}

/// A configuration of a tiny model.
func configuration(layers: Int = 3, architecture: Architecture = .llama) throws(CheckpointError)
  -> ModelConfiguration
{
  try ModelConfiguration(
    architecture: architecture, layerCount: layers, width: 32, headCount: 4, keyValueHeadCount: 2,
    headWidth: 8,
    feedForwardWidth: 64, vocabularySize: 40, contextLength: 128, normEpsilon: 1e-5,
    rotary: RotaryEmbedding(base: 10000), tiedHead: false, attentionBias: true)
}

func metadata(layers: Int = 3, exits: [Int]? = nil) throws(CheckpointError) -> CheckpointMetadata {
  try CheckpointMetadata(
    name: "tiny", configuration: configuration(layers: layers), exits: exits ?? [layers],
    tokenizer: #"{"text":"tab\t, quote \", line\n, control \u0001, emoji 🦙"}"#, quantization: "mixed",
    provenance: Provenance(source: "sample", sourceSHA256: nil, tool: "tests", tuning: nil),
    license: "Apache-2.0")
}

/// A tiny model with every dtype that is stored, random bytes, and tensors in no useful order.
///
/// Weights are BF16 in layer 1, quantised with scales and minima in layer 2, F32 in layer 3.
func sampleModel(seed: UInt64 = 1) throws -> SampleModel {
  var generator = SplitMix64(seed: seed)
  let table = TensorTable(try configuration())
  var tensors: [SampleModel.Tensor] = []
  func add(_ name: String, _ dtype: DType, _ shape: [Int]) {
    let count = shape.reduce(dtype.byteCount, *)
    let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
    tensors.append(.init(name: name, dtype: dtype, shape: shape, bytes: bytes))
  }
  func addQuantized(_ name: String, _ rows: Int, _ columns: Int) {
    add(name, .u8, [rows, columns / 2])
    add(TensorName.companion(.scale, of: name), .f16, [rows, columns / 32])
    add(TensorName.companion(.min, of: name), .f16, [rows, columns / 32])
  }
  for layer in 0..<3 {
    for entry in table.entries(ofLayer: layer) {
      switch layer {
      case 0 where entry.isMatrix: add(entry.name, .bf16, entry.shape)
      case 1 where entry.isMatrix: addQuantized(entry.name, entry.shape[0], entry.shape[1])
      default: add(entry.name, .f32, entry.shape)
      }
    }
  }
  let embedding = table[.embedding]
  add(embedding.name, .i8, embedding.shape)
  add(TensorName.companion(.scale, of: embedding.name), .f16, [embedding.shape[0], embedding.shape[1] / 32])
  add(TensorName.finalNorm, .f32, table[.finalNorm].shape)
  add(TensorName.head, .bf16, table[.head].shape)
  tensors.shuffle(using: &generator)
  return SampleModel(metadata: try metadata(), tensors: tensors)
}

/// The error that `body` throws; nil if it throws none.
func failure(_ body: () throws(CheckpointError) -> Void) -> CheckpointError? {
  do throws(CheckpointError) {
    try body()
    return nil
  } catch {
    return error
  }
}

/// The error of opening a file and, if that goes well, of loading all of it.
func failureOfLoading(_ path: String) -> CheckpointError? {
  failure { () throws(CheckpointError) in _ = try CheckpointReader(path: path).load() }
}
