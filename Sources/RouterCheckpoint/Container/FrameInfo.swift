/// One zstd frame of a checkpoint.
package struct FrameInfo: Sendable, Equatable {
  /// What the frame holds.
  package let section: FrameSection
  /// Its bytes in the file.
  package let compressedRange: Range<Int>
  /// Its content's bytes in the decompressed file.
  package let decompressedRange: Range<Int>
  /// Low 32 bits of the XXH64 of its content.
  package let checksum: UInt32
  /// XXH64 of its bytes in the file.
  let digest: UInt64
}
