internal import RouterTensor

/// Memory that one thread uses again and again; it grows to the largest request.
final class ScratchBuffer {
  private var memory = AlignedBuffer(byteCount: 0)

  /// `byteCount` bytes of unspecified content, valid until the next call.
  func bytes(_ byteCount: Int) -> UnsafeMutableRawBufferPointer {
    if byteCount > memory.byteCount { memory = AlignedBuffer(byteCount: byteCount) }
    return UnsafeMutableRawBufferPointer(rebasing: memory.bytes[..<byteCount])
  }
}
