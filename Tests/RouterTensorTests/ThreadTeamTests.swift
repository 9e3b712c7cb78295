import Foundation
import RouterRandom
import RouterTensor
import Synchronization
import Testing

/// The law of a team: every chunk runs exactly once, and `run` returns after all of them.
struct ThreadTeamTests {
  /// Counts how often each chunk ran.
  private final class Tally: @unchecked Sendable {
    private let counts: UnsafeMutablePointer<Atomic<Int>>
    private let size: Int

    init(_ size: Int) {
      self.size = size
      counts = .allocate(capacity: size)
      for i in 0..<size { (counts + i).initialize(to: Atomic(0)) }
    }

    deinit {
      counts.deinitialize(count: size)
      counts.deallocate()
    }

    func add(_ index: Int) { counts[index].add(1, ordering: .relaxed) }

    /// Whether each of the first `count` was counted `times` times and none of the others.
    func isUniform(first count: Int, times: Int) -> Bool {
      (0..<size).allSatisfy { counts[$0].load(ordering: .relaxed) == ($0 < count ? times : 0) }
    }
  }

  @Test(arguments: [1, 2, 3, 8])
  func everyChunkRunsExactlyOnceInEachOfManyForks(threadCount: Int) {
    let team = ThreadTeam(threadCount: threadCount)
    #expect(team.threadCount == threadCount)
    var random = SplitMix64(seed: 61)
    for fork in 0..<4000 {
      let chunks = Int.random(in: 0...40, using: &random)
      let tally = Tally(41)
      team.run(chunks: chunks) { tally.add($0) }
      #expect(tally.isUniform(first: chunks, times: 1), "fork \(fork) of \(chunks) chunks")
    }
  }

  /// What a chunk wrote is visible after `run`, without atomics; a thread sanitizer checks the order too.
  @Test func whatChunksWroteIsVisibleAfterwards() {
    let team = ThreadTeam(threadCount: 4)
    let values = AlignedBuffer(byteCount: 64 * 8)
    let cells = values.elements(of: Int.self)
    for fork in 1...2000 {
      team.run(chunks: 64) { cells[$0] += $0 }
      if fork % 100 == 0 { #expect((0..<64).allSatisfy { cells[$0] == $0 * fork }) }
    }
  }

  /// Workers have parked after a pause; the next fork must wake them or do without them.
  @Test func aTeamThatHasGoneToSleepStillWorks() {
    let team = ThreadTeam(threadCount: 3)
    for _ in 0..<5 {
      Thread.sleep(forTimeInterval: 0.01)
      let tally = Tally(9)
      team.run(chunks: 9) { tally.add($0) }
      #expect(tally.isUniform(first: 9, times: 1))
    }
  }

  @Test func aTeamOfOneRunsChunksInOrderOnTheCaller() {
    let team = ThreadTeam(threadCount: 1)
    let caller = Thread.current
    nonisolated(unsafe) var order: [Int] = []
    team.run(chunks: 5) {
      #expect(Thread.current === caller)
      order.append($0)
    }
    #expect(order == [0, 1, 2, 3, 4])
  }

  @Test func oneChunkRunsOnTheCaller() {
    let team = ThreadTeam(threadCount: 4)
    let caller = Thread.current
    nonisolated(unsafe) var seen: [Int] = []
    team.run(chunks: 1) {
      #expect(Thread.current === caller)
      seen.append($0)
    }
    #expect(seen == [0])
  }

  /// A job's chunk count has 20 bits in the word that threads swap; longer jobs are split.
  @Test func moreChunksThanOneJobHoldsAllRun() {
    let count = 2 * (1 << 19) + 3
    let team = ThreadTeam(threadCount: 2)
    let tally = Tally(count)
    team.run(chunks: count) { tally.add($0) }
    #expect(tally.isUniform(first: count, times: 1))
  }

  @Test func aTeamMayRunInsideAnother() {
    let (outer, inner) = (ThreadTeam(threadCount: 3), ThreadTeam(threadCount: 2))
    for _ in 0..<200 {
      let tally = Tally(6 * 5)
      outer.run(chunks: 6) { i in
        inner.run(chunks: 5) { tally.add(i * 5 + $0) }
      }
      #expect(tally.isUniform(first: 30, times: 1))
    }
  }

  @Test func severalCallersShareATeam() {
    let team = ThreadTeam(threadCount: 3)
    let callers = 4
    let forks = 300
    let tally = Tally(callers * 16)
    DispatchQueue.concurrentPerform(iterations: callers) { caller in
      for _ in 0..<forks {
        team.run(chunks: 16) { tally.add(caller * 16 + $0) }
      }
    }
    #expect(tally.isUniform(first: callers * 16, times: forks))
  }

  @Test func teamsComeAndGo() {
    for _ in 0..<100 {
      let team = ThreadTeam(threadCount: 4)
      let tally = Tally(7)
      team.run(chunks: 7) { tally.add($0) }
      #expect(tally.isUniform(first: 7, times: 1))
    }
  }

  @Test(arguments: [-3, 0])
  func aTeamHasAtLeastTheCaller(threadCount: Int) {
    #expect(ThreadTeam(threadCount: threadCount).threadCount == 1)
  }
}
