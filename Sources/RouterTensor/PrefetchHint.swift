import CRouterKernels
import Synchronization

/// What the job after the one that is started will read from memory.
///
/// Between two products a layer has work that reads no weights, and threads end a product one after the other:
/// threads that wait meanwhile ask for the beginning of the weights that come, so that memory is never idle.
package struct PrefetchHint {
  let start: UnsafeRawPointer
  let byteCount: Int

  /// Announces `byteCount` bytes from `start` on, of which each thread reads its share in order.
  package init(start: UnsafeRawPointer, byteCount: Int) {
    self.start = start
    self.byteCount = byteCount
  }
}
