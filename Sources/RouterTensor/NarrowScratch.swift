/// Working memory for products with one ``NarrowMatrix``; mutable scratch of one thread's runner, not shared.
package final class NarrowScratch {
  /// Inputs that are multiplied at a time, at most.
  package static let inputLimit = 16

  /// f32 `[inputs, r]`: inputs in the leading dimensions.
  let projected: UnsafeMutablePointer<Float>
  /// f32 `[inputs, blocks]`: the largest approximate product of each block of 16 rows.
  let tops: UnsafeMutablePointer<Float>
  /// ⌈N / 16⌉.
  let blocks: Int
  /// `[inputs, N]`: for each input, the rows that are computed in all dimensions.
  let leading: UnsafeMutablePointer<UInt32>
  /// Of inputs in the leading dimensions, and of inputs.
  let codes: (projected: QuantizedActivations, whole: QuantizedActivations)
  private let memory: AlignedBuffer

  /// Makes room for the products of one matrix.
  package init(for narrow: NarrowMatrix) {
    blocks = (narrow.rows + 15) / 16
    memory = AlignedBuffer(byteCount: Self.inputLimit * (blocks + narrow.rank + narrow.rows) * 4)
    tops = memory.pointer.assumingMemoryBound(to: Float.self)
    projected = tops + Self.inputLimit * blocks
    leading = (projected + Self.inputLimit * narrow.rank).withMemoryRebound(
      to: UInt32.self, capacity: Self.inputLimit * narrow.rows
    ) { $0 }
    codes = (
      QuantizedActivations(capacity: Self.inputLimit * narrow.rank),
      QuantizedActivations(capacity: Self.inputLimit * narrow.columns)
    )
  }
}
