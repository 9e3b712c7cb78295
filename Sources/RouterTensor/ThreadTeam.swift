import Dispatch
import Foundation

/// Threads that run the chunks of one job after another: fork and join in about a microsecond.
///
/// Each thread has a share of consecutive chunks, so that it reads memory in order, and takes from the others' shares
/// when its own is done. Chunks are claimed one by one by compare-and-swap, so a thread that the system takes off its
/// core delays only the chunk it holds, and the caller can finish a job alone. Idle workers spin briefly, then park.
/// When a held chunk has cost a time slice, the caller works alone for a while: see ``ContentionBackoff``.
///
/// `@unchecked Sendable`: jobs are serialised by `entry`; what threads share beyond it is atomic.
package final class ThreadTeam: @unchecked Sendable {
  /// Threads that work on a job, the caller's included.
  package let threadCount: Int

  private let shared: TeamState
  private let entry = NSLock()
  private var generation: UInt64 = 0
  private var backoff = ContentionBackoff()

  /// Starts `threadCount - 1` workers; without an argument one thread for each core.
  package init(threadCount: Int? = nil) {
    let count = max(1, min(threadCount ?? ProcessInfo.processInfo.activeProcessorCount, 256))
    self.threadCount = count
    shared = TeamState(threadCount: count)
    for index in 1..<max(count, 1) {
      let shared = shared
      let thread = Thread { shared.work(index) }
      thread.name = "router-\(index)"
      thread.start()
    }
  }

  deinit { shared.stop() }

  /// Runs `body` once for each chunk `0 ..< chunks` and returns when all have ended.
  ///
  /// Calls from several threads wait for each other. `body` must not call `run` of the same team.
  /// - Parameter hint: what the call after this one will read; as before if absent.
  /// - Complexity: about a microsecond beside the work itself while the workers are awake.
  package func run(chunks: Int, then hint: PrefetchHint? = nil, _ body: (Int) -> Void) {
    guard chunks > 0 else { return }
    if threadCount == 1 || chunks == 1 {
      for chunk in 0..<chunks { body(chunk) }
      return
    }
    entry.lock()
    defer { entry.unlock() }
    if let hint { shared.board.announce(hint) }
    let now = DispatchTime.now().uptimeNanoseconds
    guard !backoff.isAlone(at: now) else {
      for chunk in 0..<chunks { body(chunk) }
      return
    }
    var stall: UInt64 = 0
    var start = 0
    while start < chunks {
      let count = min(chunks - start, ChunkClaims.maximumChunks)
      generation += 1
      let offset = start
      let part: (Int) -> Void = { body(offset + $0) }
      withoutActuallyEscaping(part) { escaping in
        stall = max(stall, shared.perform(generation: generation, chunks: count, startedAt: now, escaping))
      }
      start += count
    }
    if stall > 0 { backoff.note(stall: stall, at: now) }
  }
}
