package import RouterTensor

extension PendingTensor {
  /// The tensors that store f32 `values` of the given shape under `name`: a vector as F32, a matrix `[N, K]` in
  /// `encoding`, or in bf16 where its width is no multiple of a quantised group.
  package static func encoding(
    _ name: String, shape: [Int], values: [Float], as encoding: WeightEncoding
  ) -> [PendingTensor] {
    precondition(shape.reduce(1, *) == values.count, "a tensor's values contradict its shape")
    guard shape.count == 2 else { return [whole(name, .f32, shape, values)] }
    let groups = [shape[0], shape[1] / GroupQuantization.groupSize]
    let isGrouped = shape[1].isMultiple(of: GroupQuantization.groupSize)
    func companion(
      _ suffix: TensorName.Suffix, fill: @escaping @Sendable (UnsafeMutableBufferPointer<UInt16>) -> Void
    ) -> PendingTensor {
      PendingTensor(name: TensorName.companion(suffix, of: name), dtype: .f16, shape: groups) {
        fill($0.assumingMemoryBound(to: UInt16.self))
      }
    }
    switch encoding {
    case .f32: return [whole(name, .f32, shape, values)]
    case .q8 where isGrouped:
      let encoded = QuantizedMatrix(values, .q8)
      return [
        PendingTensor(name: name, dtype: .i8, shape: shape) { $0.copyBytes(from: encoded.codes) },
        companion(.scale) { _ = $0.update(fromContentsOf: encoded.scales) },
      ]
    case .q4 where isGrouped:
      let encoded = QuantizedMatrix(values, .q4)
      return [
        PendingTensor(name: name, dtype: .u8, shape: [shape[0], shape[1] / 2]) {
          $0.copyBytes(from: encoded.codes)
        },
        companion(.scale) { _ = $0.update(fromContentsOf: encoded.scales) },
        companion(.min) { _ = $0.update(fromContentsOf: encoded.mins) },
      ]
    case .bf16, .q8, .q4: return [whole(name, .bf16, shape, values.map(HalfPrecision.bf16))]
    }
  }

  private static func whole<Element: BitwiseCopyable & Sendable>(
    _ name: String, _ dtype: DType, _ shape: [Int], _ elements: [Element]
  ) -> PendingTensor {
    PendingTensor(name: name, dtype: dtype, shape: shape) { buffer in
      elements.withUnsafeBytes { buffer.copyMemory(from: $0) }
    }
  }
}

/// The stored form of a quantised matrix.
private struct QuantizedMatrix: Sendable {
  /// I8 `[N, K]`, or packed U8 `[N, K / 2]`.
  let codes: [UInt8]
  /// f16 `[N, K / 32]`
  let scales: [UInt16]
  /// f16 `[N, K / 32]`; empty for q8.
  let mins: [UInt16]

  init(_ values: [Float], _ encoding: WeightEncoding) {
    var codes = [UInt8](repeating: 0, count: encoding == .q4 ? values.count / 2 : values.count)
    var scales = [UInt16](repeating: 0, count: values.count / GroupQuantization.groupSize)
    var mins = encoding == .q4 ? scales : []
    values.withUnsafeBufferPointer { source in
      codes.withUnsafeMutableBytes { codes in
        scales.withUnsafeMutableBufferPointer { scales in
          if encoding == .q4 {
            mins.withUnsafeMutableBufferPointer {
              GroupQuantization.encodeQ4(
                source, codes: codes.assumingMemoryBound(to: UInt8.self), scales: scales, mins: $0)
            }
          } else {
            GroupQuantization.encodeQ8(
              source, codes: codes.assumingMemoryBound(to: Int8.self), scales: scales)
          }
        }
      }
    }
    (self.codes, self.scales, self.mins) = (codes, scales, mins)
  }
}
