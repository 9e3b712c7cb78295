import RouterTensor

/// Blocks of a quantised tensor, one after the other, at any alignment.
struct SourceBlocks {
  let first: UnsafeRawPointer
  let count: Int
  /// Bytes of one block.
  let byteCount: Int

  /// Calls `body` with each block and its index.
  @inline(__always)
  func withEach(_ body: (UnsafeRawPointer, Int) -> Void) {
    for index in 0..<count { body(first + index * byteCount, index) }
  }
}

extension UnsafeRawPointer {
  /// The byte at `offset`.
  func byte(at offset: Int) -> UInt8 { load(fromByteOffset: offset, as: UInt8.self) }

  /// The little-endian 16-bit word at `offset`, at any alignment.
  func word(at offset: Int) -> UInt16 { loadUnaligned(fromByteOffset: offset, as: UInt16.self).littleEndian }

  /// The little-endian 32-bit word at `offset`, at any alignment.
  func word32(at offset: Int) -> UInt32 {
    loadUnaligned(fromByteOffset: offset, as: UInt32.self).littleEndian
  }

  /// The f16 value at `offset`, at any alignment.
  func half(at offset: Int) -> Float { HalfPrecision.float(fromF16: word(at: offset)) }
}
