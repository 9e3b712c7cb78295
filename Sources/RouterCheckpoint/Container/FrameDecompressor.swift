import CZstd

/// Reads frames and gives their content; each thread has its own.
final class FrameDecompressor {
  private let file: RandomAccessFile
  private let context: OpaquePointer
  private let compressed = ScratchBuffer()
  private let content = ScratchBuffer()

  init(file: RandomAccessFile) throws(CheckpointError) {
    guard let context = ZSTD_createDCtx() else {
      throw CheckpointError(
        .inputOutput, "zstd has no memory for a decompression context", at: .init(file: file.path),
        remedy: "Free some memory.")
    }
    self.file = file
    self.context = context
  }

  deinit { ZSTD_freeDCtx(context) }

  /// Bytes that hold any frame's header (ZSTD_FRAMEHEADERSIZE_MAX).
  private static let maximumHeaderByteCount = 18

  /// Checks that the header of a frame declares the content size that the seek table does, at the cost of
  /// reading a few bytes: done before memory is allocated for the content.
  static func checkDeclaredSize(of frame: FrameInfo, in file: RandomAccessFile) throws(CheckpointError) {
    let range = frame.compressedRange.prefix(maximumHeaderByteCount)
    let header = try file.bytes(in: range)
    guard ZSTD_getFrameContentSize(header, header.count) == UInt64(frame.decompressedRange.count) else {
      throw .corrupt(
        "a frame declares another size than the seek table", file: file,
        offset: frame.compressedRange.lowerBound)
    }
  }

  /// Calls `body` with the content of a frame, checked as ``decompress(_:into:)`` checks it.
  func withContent<Result>(
    of frame: FrameInfo, _ body: (UnsafeRawBufferPointer) -> Result
  ) throws(CheckpointError) -> Result {
    let bytes = content.bytes(frame.decompressedRange.count)
    try decompress(frame, into: bytes)
    return withExtendedLifetime(self) { body(UnsafeRawBufferPointer(bytes)) }
  }

  /// Reads a frame, compares its digest, its declared size and its checksum with the tables, and decompresses
  /// it into `target`, which has exactly the size of its content.
  ///
  /// - Throws: ``CheckpointError`` with code `corrupt` or `inputOutput`.
  func decompress(
    _ frame: FrameInfo, into target: UnsafeMutableRawBufferPointer
  ) throws(CheckpointError) {
    let start = frame.compressedRange.lowerBound
    let buffer = compressed.bytes(frame.compressedRange.count)
    try file.read(at: start, into: buffer)
    let bytes = UnsafeRawBufferPointer(buffer)
    guard XXH64.hash(bytes) == frame.digest else {
      throw .corrupt("a frame's bytes differ from those that were written", file: file, offset: start)
    }
    // The digest is the file's own word; a forged file can have a right one, so nothing below relies on it.
    guard Self.hasChecksum(bytes),
      ZSTD_findFrameCompressedSize(bytes.baseAddress, bytes.count) == bytes.count,
      ZSTD_getFrameContentSize(bytes.baseAddress, bytes.count) == UInt64(target.count),
      target.count == frame.decompressedRange.count
    else {
      throw .corrupt("a frame is not the one that the seek table describes", file: file, offset: start)
    }
    let trailer = bytes.loadUnaligned(fromByteOffset: bytes.count - 4, as: UInt32.self)
    guard UInt32(littleEndian: trailer) == frame.checksum else {
      throw .corrupt("a frame's checksum differs from the seek table's", file: file, offset: start)
    }
    let count = ZSTD_decompressDCtx(context, target.baseAddress, target.count, bytes.baseAddress, bytes.count)
    guard ZSTD_isError(count) == 0 else {
      let reason = String(cString: ZSTD_getErrorName(count))
      throw .corrupt("a frame cannot be decompressed: \(reason)", file: file, offset: start)
    }
    guard count == target.count else {
      throw .corrupt("a frame is shorter than it declares", file: file, offset: start)
    }
  }

  /// Whether a frame's header says that a content checksum ends it (RFC 8878, section 3.1.1.1.1, bit 2).
  private static func hasChecksum(_ frame: UnsafeRawBufferPointer) -> Bool {
    frame.count > 8 && frame[4] & 0b100 != 0
  }
}
