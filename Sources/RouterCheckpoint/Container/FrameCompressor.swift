import CZstd

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
