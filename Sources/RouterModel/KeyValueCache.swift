import RouterTensor

/// Keys and values of one layer, f32 `[G, capacity, K]` each: one head's positions lie together.
struct KeyValueCache {
  let keys: AlignedBuffer
  let values: AlignedBuffer
  private let capacity: Int
  private let headWidth: Int

  init(heads: Int, capacity: Int, headWidth: Int) {
    self.capacity = capacity
    self.headWidth = headWidth
    keys = AlignedBuffer(byteCount: heads * capacity * headWidth * 4)
    values = AlignedBuffer(byteCount: heads * capacity * headWidth * 4)
  }

  /// f32 `[capacity - position, K]`: the keys of head `head` from `position` on.
  func keys(head: Int, from position: Int = 0) -> UnsafeMutablePointer<Float> {
    keys.pointer.assumingMemoryBound(to: Float.self) + (head * capacity + position) * headWidth
  }

  /// f32 `[capacity - position, K]`: the values of head `head` from `position` on.
  func values(head: Int, from position: Int = 0) -> UnsafeMutablePointer<Float> {
    values.pointer.assumingMemoryBound(to: Float.self) + (head * capacity + position) * headWidth
  }
}
