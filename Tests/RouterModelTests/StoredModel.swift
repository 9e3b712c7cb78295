import RouterCheckpoint
import RouterTensor
import RouterTestSupport

/// A fixture's model as the tensors of a checkpoint, which a test may spoil before they are written.
struct StoredModel {
  struct Tensor {
    var name: String
    var dtype: DType
    var shape: [Int]
    var buffer: AlignedBuffer
  }

  let configuration: ModelConfiguration
  var tensors: [Tensor] = []

  init(_ configuration: ModelConfiguration, encoding: WeightEncoding) {
    self.configuration = configuration
    for entry in TensorTable(configuration).entries {
      let source = FixtureWeights.elements(of: entry)
      if entry.isMatrix {
        add(
          EncodedMatrix(source, as: encoding, rows: entry.shape[0], columns: entry.shape[1]), name: entry.name
        )
      } else {
        tensors.append(
          Tensor(name: entry.name, dtype: .f32, shape: entry.shape, buffer: AlignedBuffer(holding: source)))
      }
    }
  }

  private mutating func add(_ matrix: EncodedMatrix, name: String) {
    let descriptor = matrix.encoding.descriptor
    tensors.append(
      Tensor(
        name: name, dtype: descriptor.dtype, shape: descriptor.elementShape([matrix.rows, matrix.columns]),
        buffer: matrix.elements))
    for (companion, buffer) in zip(descriptor.companions, matrix.companions) {
      tensors.append(
        Tensor(
          name: TensorName.companion(.init(companion), of: name), dtype: EncodingCompanion.dtype,
          shape: descriptor.companionShape(rows: matrix.rows, columns: matrix.columns), buffer: buffer))
    }
  }

  /// Replaces a tensor by zeros of another type or shape.
  mutating func replace(_ name: String, dtype: DType, shape: [Int]) {
    tensors.removeAll { $0.name == name }
    let bytes = shape.reduce(dtype.byteCount, *)
    tensors.append(Tensor(name: name, dtype: dtype, shape: shape, buffer: AlignedBuffer(byteCount: bytes)))
  }

  func write(to path: String, exits: [Int] = [1, 2, 4], planar: Bool = false) throws {
    try CheckpointWriter.write(
      to: path,
      metadata: CheckpointMetadata(
        name: "tiny", configuration: configuration, exits: exits, tokenizer: "{}", quantization: "test",
        provenance: Provenance(source: "fixture", tool: "tests")),
      tensors: tensors.map { tensor in
        PendingTensor(name: tensor.name, dtype: tensor.dtype, shape: tensor.shape) {
          $0.copyMemory(from: UnsafeRawBufferPointer(tensor.buffer.bytes))
        }
      }, options: .init(frameByteCount: 16 << 10, planar: planar))
  }
}
