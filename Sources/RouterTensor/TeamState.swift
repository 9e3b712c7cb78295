import CRouterKernels
import Dispatch
import Foundation
import Synchronization

/// What a job does, borrowed by the threads that work on it: a copy would count references for each chunk.
private final class Job {
  let run: (Int) -> Void

  init(_ run: @escaping (Int) -> Void) { self.run = run }
}

/// What the threads of a team share.
///
/// `@unchecked Sendable`: every field is atomic or guarded by `condition`.
final class TeamState: @unchecked Sendable {
  /// Pauses before a worker parks: some tens of microseconds.
  private static let spinLimit = 2000
  /// Nanoseconds beyond which waiting for a chunk is a stall: well below a time slice of the system's scheduler.
  private static let leastStall: UInt64 = 1_500_000

  let board: PrefetchBoard

  private let threadCount: Int
  // One cache line each: raw memory keeps the counters from sharing a line.
  private let memory: UnsafeMutableRawPointer
  private let finished: UnsafeMutablePointer<Atomic<Int>>
  private let job: UnsafeMutablePointer<Atomic<UInt>>
  private let sleepers: UnsafeMutablePointer<Atomic<Int>>
  private let stopped: UnsafeMutablePointer<Atomic<Bool>>
  /// The last job whose shares are all there.
  private let published: UnsafeMutablePointer<Atomic<UInt64>>
  private let condition = NSCondition()

  private static let line = 64
  /// Lines before those of the shares, one for each thread.
  private static let fixedLines = 5

  init(threadCount: Int) {
    self.threadCount = threadCount
    board = PrefetchBoard(threadCount: threadCount)
    let line = Self.line
    memory = .allocate(byteCount: (Self.fixedLines + threadCount) * line, alignment: line)
    finished = memory.bindMemory(to: Atomic<Int>.self, capacity: 1)
    job = (memory + line).bindMemory(to: Atomic<UInt>.self, capacity: 1)
    sleepers = (memory + 2 * line).bindMemory(to: Atomic<Int>.self, capacity: 1)
    stopped = (memory + 3 * line).bindMemory(to: Atomic<Bool>.self, capacity: 1)
    published = (memory + 4 * line).bindMemory(to: Atomic<UInt64>.self, capacity: 1)
    finished.initialize(to: Atomic(0))
    job.initialize(to: Atomic(0))
    sleepers.initialize(to: Atomic(0))
    stopped.initialize(to: Atomic(false))
    published.initialize(to: Atomic(0))
    for thread in 0..<threadCount {
      (memory + (Self.fixedLines + thread) * line).bindMemory(to: Atomic<UInt64>.self, capacity: 1)
        .initialize(to: Atomic(0))
    }
  }

  deinit { memory.deallocate() }

  /// What is left of the share of a thread.
  private func share(of thread: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    (memory + (Self.fixedLines + thread) * Self.line).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

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
      for thread in 0..<threadCount {
        let own = chunks * thread / threadCount..<chunks * (thread + 1) / threadCount
        share(of: thread).pointee.store(
          ChunkClaims(generation: generation, chunks: own).word, ordering: .releasing)
      }
      published.pointee.store(generation, ordering: .sequentiallyConsistent)
      if sleepers.pointee.load(ordering: .sequentiallyConsistent) > 0 {
        condition.lock()
        condition.broadcast()
        condition.unlock()
      }
      let own = drain(0)
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

  /// Claims and runs chunks of the current job until none is left, a thread's own first; returns how many it ran.
  @discardableResult
  private func drain(_ thread: Int) -> Int {
    var count = 0
    for step in 0..<threadCount {
      let share = share(of: (thread + step) % threadCount)
      var current = ChunkClaims(word: share.pointee.load(ordering: .acquiring))
      while current.next < current.end {
        // Read before the claim: if the claim succeeds, the job has not ended, so this is its body.
        let address = job.pointee.load(ordering: .relaxed)
        let (claimed, seen) = share.pointee.compareExchange(
          expected: current.word, desired: current.claimed.word, ordering: .acquiringAndReleasing)
        guard claimed else {
          current = ChunkClaims(word: seen)
          continue
        }
        if let job = UnsafeRawPointer(bitPattern: address) {
          Unmanaged<Job>.fromOpaque(job)._withUnsafeGuaranteedRef { $0.run(current.next) }
        }
        finished.pointee.add(1, ordering: .releasing)
        count += 1
        current = ChunkClaims(word: share.pointee.load(ordering: .acquiring))
      }
    }
    return count
  }

  /// The life of worker `thread`, counted from 1.
  func work(_ thread: Int) {
    var reader = PrefetchBoard.Reader(thread: thread)
    var done: UInt64 = 0
    func isWaiting() -> Bool { published.pointee.load(ordering: .sequentiallyConsistent) == done }
    while !stopped.pointee.load(ordering: .relaxed) {
      var spins = 0
      while isWaiting() && spins < Self.spinLimit {
        board.advance(&reader)
        rk_pause()
        spins += 1
      }
      if isWaiting() { park(while: isWaiting) }
      // A job that is published from here on has another number.
      done = published.pointee.load(ordering: .sequentiallyConsistent)
      drain(thread)
    }
  }

  private func park(while isWaiting: () -> Bool) {
    condition.lock()
    sleepers.pointee.add(1, ordering: .sequentiallyConsistent)
    while isWaiting() && !stopped.pointee.load(ordering: .relaxed) { condition.wait() }
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
