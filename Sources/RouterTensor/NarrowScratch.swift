/// Working memory for products with one ``NarrowMatrix``; mutable scratch of one thread's runner, not shared.
package final class NarrowScratch {
  /// Inputs that are multiplied at a time, at most.
  package static let inputLimit = 16

  /// f32 `[inputs, r]`: inputs in the leading dimensions.
  let projected: UnsafeMutablePointer<Float>
  /// f32 `[inputs, stride]`: the largest approximate product of each block of 16 rows.
  let tops: UnsafeMutablePointer<Float>
  /// Blocks, rounded up to a multiple of 16; what lies past the last is minus infinity.
  let stride: Int
  /// Of inputs in the leading dimensions, and of inputs.
  let codes: (projected: QuantizedActivations, whole: QuantizedActivations)
  private let memory: AlignedBuffer

  /// Makes room for the products of one matrix.
  package init(for narrow: NarrowMatrix) {
    let blocks = (narrow.rows + 15) / 16
    stride = (blocks + 15) / 16 * 16
    memory = AlignedBuffer(byteCount: Self.inputLimit * (stride + narrow.rank) * 4)
    tops = memory.pointer.assumingMemoryBound(to: Float.self)
    projected = tops + Self.inputLimit * stride
    codes = (
      QuantizedActivations(capacity: Self.inputLimit * narrow.rank),
      QuantizedActivations(capacity: Self.inputLimit * narrow.columns)
    )
    tops.update(repeating: -.infinity, count: Self.inputLimit * stride)
  }
}
