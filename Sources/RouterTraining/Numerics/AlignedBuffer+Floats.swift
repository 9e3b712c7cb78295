import RouterTensor

extension AlignedBuffer {
  /// Room for `count` f32, set to zero.
  package convenience init(floats count: Int) { self.init(byteCount: count * 4) }

  /// The block as f32.
  package var floats: UnsafeMutablePointer<Float> { pointer.assumingMemoryBound(to: Float.self) }

  /// Number of f32 that the block holds.
  package var floatCount: Int { byteCount / 4 }

  /// Whether the block holds neither infinities nor NaN.
  var isFinite: Bool {
    UnsafeBufferPointer(start: floats, count: floatCount).allSatisfy { $0.isFinite }
  }

  /// Sets all bytes to zero.
  func clear() { bytes.initializeMemory(as: UInt8.self, repeating: 0) }
}
