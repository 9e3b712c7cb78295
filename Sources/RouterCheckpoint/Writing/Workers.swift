import Dispatch
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Threads for independent pieces of work, which they claim one by one in ascending order.
///
/// `DispatchQueue.concurrentPerform` brings the threads: its pool is shared and bounded by the cores, the
/// caller takes part, it returns when the last piece is done, and blocking in it starves no Swift task.
package enum Workers {
  /// As many threads as there are cores.
  package static var defaultCount: Int { ProcessInfo.processInfo.activeProcessorCount }

  /// Calls `body` once for each index below `count`, on at most `threads` threads, each with a state of its
  /// own.
  ///
  /// - Throws: the error of the lowest index that failed; after a failure no further index is claimed.
  static func forEach<State>(
    count: Int, threads: Int, state makeState: @Sendable () throws(CheckpointError) -> State,
    body: @Sendable (State, Int) throws(CheckpointError) -> Void
  ) throws(CheckpointError) {
    guard count > 0 else { return }
    let shared = Shared()
    @Sendable func work(_: Int) {
      var index = count
      do throws(CheckpointError) {
        let state = try makeState()
        while true {
          index = shared.next.wrappingAdd(1, ordering: .relaxed).oldValue
          if index >= count || shared.hasFailed.load(ordering: .relaxed) { return }
          try body(state, index)
        }
      } catch {
        shared.record(error, at: index)
      }
    }
    let iterations = min(max(threads, 1), count)
    if iterations == 1 {
      work(0)
    } else {
      DispatchQueue.concurrentPerform(iterations: iterations, execute: work)
    }
    if let error = shared.failure.withLock({ $0?.error }) { throw error }
  }

  /// What the threads of one call share.
  private final class Shared: Sendable {
    let next = Atomic<Int>(0)
    let hasFailed = Atomic<Bool>(false)
    let failure = Mutex<(index: Int, error: CheckpointError)?>(nil)

    func record(_ error: CheckpointError, at index: Int) {
      hasFailed.store(true, ordering: .relaxed)
      failure.withLock { known in
        if let known, known.index <= index { return }
        known = (index, error)
      }
    }
  }
}
