import Foundation
import RouterTensor

/// Working memory for the chunks of a fork: as many blocks as threads that work at once.
///
/// `@unchecked Sendable`: `free` is guarded by `lock`.
final class ScratchPool: @unchecked Sendable {
  private let floatCount: Int
  private let lock = NSLock()
  private var free: [AlignedBuffer] = []

  /// A pool of blocks of `floatCount` f32.
  init(floatCount: Int) { self.floatCount = floatCount }

  /// Lends a block, whose content is arbitrary, to `body`.
  func withBlock<Result>(_ body: (UnsafeMutablePointer<Float>) throws -> Result) rethrows -> Result {
    let block = lock.withLock { free.popLast() } ?? AlignedBuffer(floats: floatCount)
    defer { lock.withLock { free.append(block) } }
    return try body(block.floats)
  }
}
