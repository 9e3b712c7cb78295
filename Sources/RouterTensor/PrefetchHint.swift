import CRouterKernels
import Synchronization

/// What the job after the one that is started will read from memory.
///
/// Between two products a layer has work that reads no weights, and threads end a product one after the other:
/// threads that wait meanwhile ask for the beginning of the weights that come, so that memory is never idle.
package struct PrefetchHint {
  let start: UnsafeRawPointer
  let byteCount: Int
  /// Bytes that a chunk of that job reads, > 0.
  let chunk: Int

  /// Announces `byteCount` bytes from `start` on, of which each chunk reads `chunk`.
  package init(start: UnsafeRawPointer, byteCount: Int, chunk: Int) {
    self.start = start
    self.byteCount = byteCount
    self.chunk = chunk
  }
}
