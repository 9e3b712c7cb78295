import CZstd

/// A frame as it is written.
package struct CompressedFrame: Sendable {
  /// The frame.
  package let bytes: [UInt8]
  /// Size of its content.
  package let decompressedByteCount: Int

  /// Low 32 bits of the XXH64 of the content, which zstd puts last in the frame.
  package var checksum: UInt32 { bytes.littleEndian(at: bytes.count - 4) }

  /// XXH64 of the frame.
  package var digest: UInt64 { bytes.withUnsafeBytes(XXH64.hash) }

  /// What the seek table says of it.
  package var entry: SeekTable.Entry {
    SeekTable.Entry(
      compressedByteCount: UInt32(bytes.count), decompressedByteCount: UInt32(decompressedByteCount),
      checksum: checksum)
  }
}
