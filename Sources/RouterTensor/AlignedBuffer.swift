#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A block of memory aligned to a cache line, freed with its last reference.
///
/// `@unchecked Sendable`: a buffer has one writer while it is filled and is read-only after it is shared;
/// nothing in this package writes to a buffer that two threads hold, except kernels on disjoint ranges.
package final class AlignedBuffer: @unchecked Sendable {
  /// Alignment in bytes: one x86 cache line and one AVX-512 register.
  package static let alignment = 64

  /// From this size on, memory comes straight from the system: zero until touched, in large pages if it has any.
  private static let mappedByteCount = 1 << 20

  package let pointer: UnsafeMutableRawPointer
  package let byteCount: Int
  /// What the memory belongs to, if not to this buffer.
  private let owner: MemoryArena?

  /// Allocates `byteCount` bytes, set to zero.
  ///
  /// - Precondition: `byteCount >= 0`. Sizes that come from a file are checked against the file's own size
  ///   before they get here.
  package init(byteCount: Int) {
    precondition(byteCount >= 0, "negative buffer size")
    self.byteCount = byteCount
    owner = nil
    let padded = Self.paddedByteCount(of: byteCount)
    if padded >= Self.mappedByteCount,
      let mapped = mmap(nil, padded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      mapped != MAP_FAILED
    {
      #if os(Linux)
        madvise(mapped, padded, MADV_HUGEPAGE)
      #endif
      pointer = mapped
    } else {
      precondition(padded < Self.mappedByteCount, "out of memory: \(padded) bytes")
      pointer = UnsafeMutableRawPointer.allocate(byteCount: padded, alignment: Self.alignment)
      memset(pointer, 0, padded)
    }
  }

  /// A part of an arena.
  init(pointer: UnsafeMutableRawPointer, byteCount: Int, owner: MemoryArena) {
    self.pointer = pointer
    self.byteCount = byteCount
    self.owner = owner
  }

  /// Bytes that a buffer of `byteCount` bytes takes: whole cache lines, and one spare, so that a kernel may load a
  /// full register at the last element.
  static func paddedByteCount(of byteCount: Int) -> Int {
    (byteCount + 2 * alignment - 1) / alignment * alignment
  }

  deinit {
    guard owner == nil else { return }
    let padded = Self.paddedByteCount(of: byteCount)
    if padded >= Self.mappedByteCount {
      munmap(pointer, padded)
    } else {
      pointer.deallocate()
    }
  }

  /// The whole block as bytes.
  package var bytes: UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: pointer, count: byteCount)
  }

  /// The block seen as elements of `type`.
  package func elements<T: BitwiseCopyable>(of type: T.Type) -> UnsafeMutableBufferPointer<T> {
    UnsafeMutableBufferPointer(
      start: pointer.assumingMemoryBound(to: T.self), count: byteCount / MemoryLayout<T>.stride)
  }
}
