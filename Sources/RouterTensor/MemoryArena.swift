import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Memory for many buffers in one piece, in large pages where the system has them.
///
/// The matrices of a small model are smaller than a large page: of their own they would come from the system in
/// thousands of small ones, which costs more than to fill them. What is never handed out is never touched, and takes no
/// memory. The piece is freed with the last of its buffers.
///
/// `@unchecked Sendable`: the pointer is constant, and each of its bytes is handed out once.
package final class MemoryArena: @unchecked Sendable {
  private let pointer: UnsafeMutableRawPointer?
  private let byteCount: Int
  private let used = Atomic<Int>(0)

  /// What large pages are aligned to.
  private static let pageByteCount = 2 << 20

  /// An arena for buffers of these sizes in bytes.
  package init(byteCounts: some Sequence<Int>) {
    let sum = byteCounts.reduce(0) { $0 + AlignedBuffer.paddedByteCount(of: $1) }
    // Room to begin where a large page does.
    byteCount = sum + Self.pageByteCount
    guard sum > 0,
      let mapped = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      mapped != MAP_FAILED
    else {
      pointer = nil
      return
    }
    #if os(Linux)
      madvise(mapped, byteCount, MADV_HUGEPAGE)
    #endif
    pointer = mapped
    let offset = Int(bitPattern: mapped) % Self.pageByteCount
    used.store(offset == 0 ? 0 : Self.pageByteCount - offset, ordering: .relaxed)
  }

  deinit {
    if let pointer { munmap(pointer, byteCount) }
  }

  /// Memory of `byteCount` bytes, which are zero; of its own where the arena has no room.
  package func buffer(byteCount: Int) -> AlignedBuffer {
    let padded = AlignedBuffer.paddedByteCount(of: byteCount)
    guard let pointer else { return AlignedBuffer(byteCount: byteCount) }
    let end = used.add(padded, ordering: .relaxed).newValue
    guard end <= self.byteCount else { return AlignedBuffer(byteCount: byteCount) }
    return AlignedBuffer(pointer: pointer + end - padded, byteCount: byteCount, owner: self)
  }
}
