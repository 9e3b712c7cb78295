/// Memory that one thread uses again and again; it grows to the largest request.
final class ScratchBuffer {
  private var memory = UnsafeMutableRawBufferPointer(start: nil, count: 0)

  deinit { memory.deallocate() }

  /// `byteCount` bytes of unspecified content, valid until the next call.
  func bytes(_ byteCount: Int) -> UnsafeMutableRawBufferPointer {
    if byteCount > memory.count {
      memory.deallocate()
      memory = .allocate(byteCount: byteCount, alignment: 64)
    }
    return UnsafeMutableRawBufferPointer(rebasing: memory[..<byteCount])
  }
}
