import CZstd

/// How the content of a frame is best compressed.
package enum FrameKind: Sendable, Equatable {
  /// Text, norms and interleaved floats: an ordinary level.
  case ordinary
  /// Mostly quantised codes: stored as they are at level 1 and below, since a level saves 4 % of their size and
  /// triples the time of loading them (1.2 instead of 3.5 GB/s a core).
  case codes
  /// Exponents: few distinct values without order, so entropy coding alone, without a search for matches (33 %
  /// of their size; level 19 makes them larger, 200 times slower).
  case exponents
  /// Sign and mantissa bits: noise, so stored as they are.
  case noise
}

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

/// Compresses frames; each thread has its own.
package final class FrameCompressor {
  private let context: OpaquePointer
  private let level: Int32
  private let output = ScratchBuffer()
  /// For content that must be gathered before it is compressed.
  let input = ScratchBuffer()

  /// - Throws: ``CheckpointError`` if zstd has no memory.
  package init(level: Int) throws(CheckpointError) {
    guard let context = ZSTD_createCCtx() else {
      throw Self.failure("no memory for a compression context")
    }
    self.context = context
    self.level = Int32(level)
  }

  deinit { ZSTD_freeCCtx(context) }

  /// zstd levels that may be asked for.
  static var levels: ClosedRange<Int> { -7...Int(ZSTD_maxCLevel()) }

  /// One frame with its content size in the header and a checksum at its end.
  package func frame(_ content: UnsafeRawBufferPointer, kind: FrameKind) throws(CheckpointError)
    -> CompressedFrame
  {
    try check(ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters))
    for (parameter, value) in parameters(kind) {
      try check(ZSTD_CCtx_setParameter(context, parameter, value))
    }
    let target = output.bytes(ZSTD_compressBound(content.count))
    let count = ZSTD_compress2(context, target.baseAddress, target.count, content.baseAddress, content.count)
    try check(count)
    return CompressedFrame(bytes: Array(target[..<count]), decompressedByteCount: content.count)
  }

  private func parameters(_ kind: FrameKind) -> [(ZSTD_cParameter, Int32)] {
    let common: [(ZSTD_cParameter, Int32)] = [(ZSTD_c_checksumFlag, 1), (ZSTD_c_contentSizeFlag, 1)]
    switch kind {
    case .codes where level > 1, .ordinary: return common + [(ZSTD_c_compressionLevel, level)]
    case .exponents:
      return common + [
        (ZSTD_c_compressionLevel, 1), (ZSTD_c_windowLog, 17), (ZSTD_c_hashLog, 6), (ZSTD_c_minMatch, 7),
        (ZSTD_c_strategy, Int32(ZSTD_fast.rawValue)),
      ]
    case .codes, .noise:
      // The lowest level neither entropy-codes literals nor looks long for matches, but still finds zeros.
      return common + [(ZSTD_c_compressionLevel, ZSTD_minCLevel())]
    }
  }

  private func check(_ code: Int) throws(CheckpointError) {
    if ZSTD_isError(code) != 0 { throw Self.failure(String(cString: ZSTD_getErrorName(code))) }
  }

  private static func failure(_ reason: String) -> CheckpointError {
    CheckpointError(
      .inputOutput, "zstd cannot compress: \(reason)", remedy: "Free some memory and try again.")
  }
}
