import RouterRandom
import RouterTensor
import Synchronization
import Testing

/// A hint may be anything, and changes nothing but what the caches hold.
struct PrefetchHintTests {
  @Test(arguments: [1, 2, 5])
  func forksWithAnyHintRunEveryChunk(threadCount: Int) throws {
    let team = ThreadTeam(threadCount: threadCount)
    var random = SplitMix64(seed: 7)
    for fork in 0..<2000 {
      let address = UInt.random(in: 1 ... .max, using: &random)
      let hint = PrefetchHint(
        start: try #require(UnsafeRawPointer(bitPattern: address)),
        byteCount: Int.random(in: 0 ... .max, using: &random))
      let sum = Atomic(0)
      team.run(chunks: fork % 20, then: hint) { sum.add($0 + 1, ordering: .relaxed) }
      #expect(sum.load(ordering: .relaxed) == (fork % 20) * (fork % 20 + 1) / 2)
    }
  }
}
