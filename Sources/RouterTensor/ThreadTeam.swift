import CRouterKernels
import Foundation
import Synchronization

/// Threads that run the chunks of one job after another: fork and join in about a microsecond.
///
/// Chunks are claimed one by one by compare-and-swap, so a thread that the system takes off its core delays
/// only the chunk it holds, and the caller can finish a job alone. Idle workers spin briefly, then park.
///
/// `@unchecked Sendable`: jobs are serialised by `entry`; what threads share beyond it is atomic.
package final class ThreadTeam: @unchecked Sendable {
  /// Threads that work on a job, the caller's included.
  package let threadCount: Int

  private let shared = SharedState()
  private let entry = NSLock()
  private var generation: UInt64 = 0

  /// Starts `threadCount - 1` workers; without an argument one thread for each core.
  package init(threadCount: Int? = nil) {
    let count = max(1, min(threadCount ?? ProcessInfo.processInfo.activeProcessorCount, 256))
    self.threadCount = count
    for index in 1..<max(count, 1) {
      let shared = shared
      let thread = Thread { shared.work() }
      thread.name = "router-\(index)"
      thread.start()
    }
  }

  deinit { shared.stop() }

  /// Runs `body` once for each chunk `0 ..< chunks` and returns when all have ended.
  ///
  /// Calls from several threads wait for each other. `body` must not call `run` of the same team.
  /// - Complexity: about a microsecond beside the work itself while the workers are awake.
  package func run(chunks: Int, _ body: (Int) -> Void) {
    guard chunks > 0 else { return }
    if threadCount == 1 || chunks == 1 {
      for chunk in 0..<chunks { body(chunk) }
      return
    }
    entry.lock()
    defer { entry.unlock() }
    var start = 0
    while start < chunks {
      let count = min(chunks - start, Ticket.maximumChunks)
      generation += 1
      let offset = start
      let part: (Int) -> Void = { body(offset + $0) }
      withoutActuallyEscaping(part) { escaping in
        shared.perform(generation: generation, chunks: count, escaping)
      }
      start += count
    }
  }
}

/// A job's number, its chunk count and the next chunk to claim, in one word that is swapped at once.
private struct Ticket {
  static let chunkBits: UInt64 = 20
  static let maximumChunks = 1 << 19
  private static let mask: UInt64 = (1 << chunkBits) - 1

  var word: UInt64

  init(word: UInt64) { self.word = word }

  init(generation: UInt64, chunks: Int) {
    word = generation << (2 * Self.chunkBits) | UInt64(chunks) << Self.chunkBits
  }

  var next: Int { Int(word & Self.mask) }
  var chunks: Int { Int(word >> Self.chunkBits & Self.mask) }
  var claimed: Ticket { Ticket(word: word + 1) }
}

/// What the threads of a team share.
///
/// `@unchecked Sendable`: every field is atomic or guarded by `condition`.
private final class SharedState: @unchecked Sendable {
  /// Pauses before a worker parks: some tens of microseconds.
  private static let spinLimit = 2000

  // One cache line each: raw memory keeps the counters from sharing a line.
  private let memory = UnsafeMutableRawPointer.allocate(byteCount: 5 * 64, alignment: 64)
  private let ticket: UnsafeMutablePointer<Atomic<UInt64>>
  private let finished: UnsafeMutablePointer<Atomic<Int>>
  private let job: UnsafeMutablePointer<Atomic<UInt>>
  private let sleepers: UnsafeMutablePointer<Atomic<Int>>
  private let stopped: UnsafeMutablePointer<Atomic<Bool>>
  private let condition = NSCondition()

  init() {
    ticket = memory.bindMemory(to: Atomic<UInt64>.self, capacity: 1)
    finished = (memory + 64).bindMemory(to: Atomic<Int>.self, capacity: 1)
    job = (memory + 128).bindMemory(to: Atomic<UInt>.self, capacity: 1)
    sleepers = (memory + 192).bindMemory(to: Atomic<Int>.self, capacity: 1)
    stopped = (memory + 256).bindMemory(to: Atomic<Bool>.self, capacity: 1)
    ticket.initialize(to: Atomic(0))
    finished.initialize(to: Atomic(0))
    job.initialize(to: Atomic(0))
    sleepers.initialize(to: Atomic(0))
    stopped.initialize(to: Atomic(false))
  }

  deinit { memory.deallocate() }

  /// Publishes a job, works on it, and waits for the chunks that other threads still hold.
  func perform(generation: UInt64, chunks: Int, _ body: @escaping (Int) -> Void) {
    var body = body
    withUnsafePointer(to: &body) { pointer in
      finished.pointee.store(0, ordering: .relaxed)
      job.pointee.store(UInt(bitPattern: pointer), ordering: .relaxed)
      ticket.pointee.store(
        Ticket(generation: generation, chunks: chunks).word, ordering: .sequentiallyConsistent)
      if sleepers.pointee.load(ordering: .sequentiallyConsistent) > 0 {
        condition.lock()
        condition.broadcast()
        condition.unlock()
      }
      drain()
      var spins = 0
      while finished.pointee.load(ordering: .acquiring) < chunks {
        rk_pause()
        spins += 1
        // A holder that has lost its core gets ours.
        if spins % 4096 == 0 { sched_yield() }
      }
    }
  }

  /// Claims and runs chunks of the current job until none is left.
  private func drain() {
    var current = Ticket(word: ticket.pointee.load(ordering: .acquiring))
    while current.next < current.chunks {
      // Read before the claim: if the claim succeeds, the job has not ended, so this is its body.
      let address = job.pointee.load(ordering: .relaxed)
      let (claimed, seen) = ticket.pointee.compareExchange(
        expected: current.word, desired: current.claimed.word, ordering: .acquiringAndReleasing)
      guard claimed else {
        current = Ticket(word: seen)
        continue
      }
      if let body = UnsafePointer<(Int) -> Void>(bitPattern: address) { body.pointee(current.next) }
      finished.pointee.add(1, ordering: .releasing)
      current = Ticket(word: ticket.pointee.load(ordering: .acquiring))
    }
  }

  private var hasWork: Bool {
    let current = Ticket(word: ticket.pointee.load(ordering: .sequentiallyConsistent))
    return current.next < current.chunks
  }

  /// A worker's life.
  func work() {
    while !stopped.pointee.load(ordering: .relaxed) {
      drain()
      var spins = 0
      while !hasWork && spins < Self.spinLimit {
        rk_pause()
        spins += 1
      }
      if !hasWork { park() }
    }
  }

  private func park() {
    condition.lock()
    sleepers.pointee.add(1, ordering: .sequentiallyConsistent)
    while !hasWork && !stopped.pointee.load(ordering: .relaxed) { condition.wait() }
    sleepers.pointee.subtract(1, ordering: .sequentiallyConsistent)
    condition.unlock()
  }

  func stop() {
    stopped.pointee.store(true, ordering: .relaxed)
    condition.lock()
    condition.broadcast()
    condition.unlock()
  }
}
