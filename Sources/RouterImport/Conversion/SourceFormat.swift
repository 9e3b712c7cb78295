import RouterTensor

/// How a type of tensor in a source file stores its elements, and how they get into a checkpoint.
///
/// Quantised types store rows as blocks of `blockElements` consecutive elements. Decoding is exactly as ggml and its
/// Python package `gguf` define each type: every product is exact in f32 (an f16 scale times integers of at most 13
/// bits); only the addition of a minimum rounds. So the results equal the reference's bit for bit.
package struct SourceFormat: Sendable {
  /// The number of the type in GGUF files.
  package let ggufNumber: UInt32
  /// Elements of one block; 1 for wide types.
  let blockElements: Int
  /// Bytes of one block.
  let blockByteCount: Int
  /// The encoding of a checkpoint that keeps the precision most closely.
  let nearest: WeightEncoding
  /// Ways into encodings of a checkpoint without a detour through floating point.
  let repackings: [WeightEncoding: Repacking]
  /// Writes the elements of blocks as f32.
  let decode: @Sendable (SourceBlocks, UnsafeMutablePointer<Float>) -> Void

  init(
    ggufNumber: UInt32, blockElements: Int, blockByteCount: Int, nearest: WeightEncoding,
    repackings: [WeightEncoding: Repacking] = [:],
    decode: @escaping @Sendable (SourceBlocks, UnsafeMutablePointer<Float>) -> Void
  ) {
    self.ggufNumber = ggufNumber
    self.blockElements = blockElements
    self.blockByteCount = blockByteCount
    self.nearest = nearest
    self.repackings = repackings
    self.decode = decode
  }

  /// The blocks in `bytes`; nil if there are none.
  ///
  /// - Precondition: `bytes` are whole blocks.
  func blocks(_ bytes: UnsafeRawBufferPointer) -> SourceBlocks? {
    precondition(bytes.count.isMultiple(of: blockByteCount), "\(bytes.count) bytes are no whole blocks")
    guard let first = bytes.baseAddress, !bytes.isEmpty else { return nil }
    return SourceBlocks(first: first, count: bytes.count / blockByteCount, byteCount: blockByteCount)
  }
}
