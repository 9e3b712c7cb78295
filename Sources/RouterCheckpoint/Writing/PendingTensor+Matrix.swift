package import RouterTensor

extension PendingTensor {
  /// The tensors that store f32 `values` of the given shape under `name`: a vector as F32, a matrix `[N, K]` in
  /// `encoding`, or in bf16 where its width is no multiple of a quantised group.
  package static func encoding(
    _ name: String, shape: [Int], values: [Float], as encoding: WeightEncoding
  ) -> [PendingTensor] {
    precondition(shape.reduce(1, *) == values.count, "a tensor's values contradict its shape")
    let fitted = shape.count == 2 ? encoding.fitted(columns: shape[1]) : .f32
    let descriptor = fitted.descriptor
    guard shape.count == 2, !descriptor.companions.isEmpty else {
      return [
        PendingTensor(name: name, dtype: descriptor.dtype, shape: shape) { buffer in
          values.withUnsafeBufferPointer { descriptor.encode($0, into: EncodedPlanes(elements: buffer)) }
        }
      ]
    }
    return stored(EncodedMatrix(values, as: fitted, rows: shape[0], columns: shape[1]), name: name)
  }

  /// The tensors that store an encoded matrix under `name`.
  package static func stored(_ matrix: EncodedMatrix, name: String) -> [PendingTensor] {
    let descriptor = matrix.encoding.descriptor
    func tensor(_ name: String, _ dtype: DType, _ shape: [Int], _ content: AlignedBuffer) -> PendingTensor {
      PendingTensor(name: name, dtype: dtype, shape: shape) {
        $0.copyMemory(from: UnsafeRawBufferPointer(content.bytes))
      }
    }
    let companions = descriptor.companionShape(rows: matrix.rows, columns: matrix.columns)
    return [
      tensor(
        name, descriptor.dtype, descriptor.elementShape([matrix.rows, matrix.columns]), matrix.elements)
    ]
      + zip(descriptor.companions, matrix.companions).map { companion, content in
        tensor(TensorName.companion(.init(companion), of: name), EncodingCompanion.dtype, companions, content)
      }
  }
}
