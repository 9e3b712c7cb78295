import CRouterKernels
import Dispatch
import Foundation
import Synchronization

/// Threads that run the chunks of one job after another: fork and join in about a microsecond.
///
/// Chunks are claimed one by one by compare-and-swap, so a thread that the system takes off its core delays
/// only the chunk it holds, and the caller can finish a job alone. Idle workers spin briefly, then park. When a
/// held chunk has cost a time slice, the caller works alone for a while: see ``ContentionBackoff``.
///
/// `@unchecked Sendable`: jobs are serialised by `entry`; what threads share beyond it is atomic.
package final class ThreadTeam: @unchecked Sendable {
  /// Threads that work on a job, the caller's included.
  package let threadCount: Int

  private let shared: SharedState
  private let entry = NSLock()
  private var generation: UInt64 = 0
  private var backoff = ContentionBackoff()

  /// Starts `threadCount - 1` workers; without an argument one thread for each core.
  package init(threadCount: Int? = nil) {
    let count = max(1, min(threadCount ?? ProcessInfo.processInfo.activeProcessorCount, 256))
    self.threadCount = count
    shared = SharedState(threadCount: count)
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
      let count = min(chunks - start, Ticket.maximumChunks)
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

/// What a job does, borrowed by the threads that work on it: a copy would count references for each chunk.
private final class Job {
  let run: (Int) -> Void

  init(_ run: @escaping (Int) -> Void) { self.run = run }
}

/// What the threads of a team share.
///
/// `@unchecked Sendable`: every field is atomic or guarded by `condition`.
private final class SharedState: @unchecked Sendable {
  /// Pauses before a worker parks: some tens of microseconds.
  private static let spinLimit = 2000
  /// Nanoseconds beyond which waiting for a chunk is a stall: well below a time slice of the system's scheduler.
  private static let leastStall: UInt64 = 1_500_000

  let board: PrefetchBoard

  // One cache line each: raw memory keeps the counters from sharing a line.
  private let memory = UnsafeMutableRawPointer.allocate(byteCount: 5 * 64, alignment: 64)
  private let ticket: UnsafeMutablePointer<Atomic<UInt64>>
  private let finished: UnsafeMutablePointer<Atomic<Int>>
  private let job: UnsafeMutablePointer<Atomic<UInt>>
  private let sleepers: UnsafeMutablePointer<Atomic<Int>>
  private let stopped: UnsafeMutablePointer<Atomic<Bool>>
  private let condition = NSCondition()

  init(threadCount: Int) {
    board = PrefetchBoard(threadCount: threadCount)
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
  ///
  /// - Returns: nanoseconds that it waited for a holder which must have lost its core; 0 if none has.
  func perform(
    generation: UInt64, chunks: Int, startedAt start: UInt64, _ body: @escaping (Int) -> Void
  ) -> UInt64 {
    let body = Job(body)
    return withExtendedLifetime(body) {
      finished.pointee.store(0, ordering: .relaxed)
      job.pointee.store(UInt(bitPattern: Unmanaged.passUnretained(body).toOpaque()), ordering: .relaxed)
      ticket.pointee.store(
        Ticket(generation: generation, chunks: chunks).word, ordering: .sequentiallyConsistent)
      if sleepers.pointee.load(ordering: .sequentiallyConsistent) > 0 {
        condition.lock()
        condition.broadcast()
        condition.unlock()
      }
      let own = drain()
      guard finished.pointee.load(ordering: .acquiring) < chunks else { return 0 }
      let drained = DispatchTime.now().uptimeNanoseconds
      var spins = 0
      var reader = PrefetchBoard.Reader(thread: 0)
      while finished.pointee.load(ordering: .acquiring) < chunks {
        board.advance(&reader)
        rk_pause()
        spins += 1
        // A holder that has lost its core gets ours.
        if spins % 4096 == 0 { sched_yield() }
      }
      let waited = DispatchTime.now().uptimeNanoseconds - drained
      // A holder that runs ends its chunk in about the time that ours took.
      let usual = (drained - start) / UInt64(max(own, 1))
      return waited > Self.leastStall + 2 * usual ? waited : 0
    }
  }

  /// Claims and runs chunks of the current job until none is left; returns how many it ran.
  @discardableResult
  private func drain() -> Int {
    var count = 0
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
      if let job = UnsafeRawPointer(bitPattern: address) {
        Unmanaged<Job>.fromOpaque(job)._withUnsafeGuaranteedRef { $0.run(current.next) }
      }
      finished.pointee.add(1, ordering: .releasing)
      count += 1
      current = Ticket(word: ticket.pointee.load(ordering: .acquiring))
    }
    return count
  }

  private var hasWork: Bool {
    let current = Ticket(word: ticket.pointee.load(ordering: .sequentiallyConsistent))
    return current.next < current.chunks
  }

  /// The life of worker `thread`, counted from 1.
  func work(_ thread: Int) {
    var reader = PrefetchBoard.Reader(thread: thread)
    while !stopped.pointee.load(ordering: .relaxed) {
      drain()
      var spins = 0
      while !hasWork && spins < Self.spinLimit {
        board.advance(&reader)
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
