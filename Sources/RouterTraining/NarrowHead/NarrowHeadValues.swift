import RouterCheckpoint
import RouterTensor

/// The parts of a narrow head in f32, before they are stored.
package struct NarrowHeadValues: Sendable {
  /// r.
  package let rank: Int
  /// `[r, D]`
  package let projection: [Float]
  /// `[r]`
  package let centre: [Float]
  /// `[V, r]`
  package let weight: [Float]
  /// `[V]`
  package let bias: [Float]
  /// How ``weight`` is stored.
  package let encoding: WeightEncoding
  /// Blocks of 16 tokens from whose largest on tokens are computed in all dimensions.
  package var leadingBlocks = 1

  private var tokenCount: Int { bias.count }

  private var encodedWeight: EncodedMatrix {
    EncodedMatrix(weight, as: encoding, rows: tokenCount, columns: rank)
  }

  /// `[V, r]`: the weight as it is once stored.
  var decodedWeight: [Float] {
    let matrix = WeightMatrix(encodedWeight)
    return [Float](unsafeUninitializedCapacity: weight.count) { buffer, count in
      guard let base = buffer.baseAddress else { return }
      for row in 0..<tokenCount { matrix.decodeRow(row, into: base + row * rank) }
      count = weight.count
    }
  }

  /// The tensors of a file.
  package var tensors: [PendingTensor] {
    func values(_ part: NarrowHeadPart, _ shape: [Int], _ values: [Float]) -> [PendingTensor] {
      PendingTensor.encoding(TensorName.narrowHead(part), shape: shape, values: values, as: .f32)
    }
    let width = projection.count / max(rank, 1)
    return values(.projection, [rank, width], projection) + values(.centre, [rank], centre)
      + PendingTensor.stored(encodedWeight, name: TensorName.narrowHead(.weight))
      + values(.bias, [tokenCount], bias)
      + [
        PendingTensor(name: TensorName.narrowHead(.leadingBlocks), dtype: .i32, shape: [1]) {
          [leadingBlocks] in
          $0.storeBytes(of: Int32(leadingBlocks).littleEndian, as: Int32.self)
        }
      ]
  }
}
