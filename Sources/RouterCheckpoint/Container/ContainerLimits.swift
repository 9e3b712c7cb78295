import CZstd

/// What a file may ask for. The writer keeps to the same limits, so it makes no file that the reader refuses.
enum ContainerLimits {
  /// Uncompressed size of one frame.
  static let frameByteCounts = 1 << 10...64 << 20

  /// Bytes that a frame of `byteCount` bytes of content takes in the file, at most.
  static func maximumCompressedByteCount(of byteCount: Int) -> Int { ZSTD_compressBound(byteCount) }

  /// Decompressed bytes that any file may ask for.
  private static let freeByteCount = 64 << 20
  /// Decompressed bytes for each byte of the file beyond that. zstd itself can reach 32,768 on zeros; weights
  /// that were ever trained stay below 2.
  private static let ratio = 64

  /// - Throws: ``CheckpointError`` with code `tooLarge`, without the file's name.
  static func check(decompressed: Int, compressed: Int) throws(CheckpointError) {
    guard (decompressed - freeByteCount) / ratio <= compressed else {
      throw CheckpointError(
        .tooLarge, "\(compressed) bytes of file claim to hold \(decompressed) bytes of model",
        remedy: "No trained model compresses so far; obtain the file again from a source that you trust.")
    }
  }
}
