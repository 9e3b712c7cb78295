import RouterDecoding
import RouterRandom
import Testing

/// Who goes next.
struct AdmissionQueueTests {
  private struct Request: Equatable {
    let name: Int
    var gain = 0
  }

  private func queue(limit: Int = 100, patience: Int = 3) -> AdmissionQueue<Request> {
    AdmissionQueue(limit: limit, patience: patience, isGone: { $0.name < 0 })
  }

  private func next(
    of queue: inout AdmissionQueue<Request>, if fits: (Request) -> Bool = { _ in true }
  ) -> Int? {
    queue.popNext(gain: \.gain, if: fits)?.name
  }

  @Test func firstComeFirstServed() {
    var queue = queue()
    for name in 0..<5 { _ = queue.append(Request(name: name), free: 0) }
    let taken = (0..<6).map { _ in next(of: &queue) }
    #expect(taken == [0, 1, 2, 3, 4, nil] && queue.isEmpty)
  }

  @Test func nobodyGoesWhenTheNextDoesNotFit() {
    var queue = queue()
    for name in 0..<3 { _ = queue.append(Request(name: name, gain: name == 1 ? 5 : 0), free: 0) }
    let refused = next(of: &queue) { $0.name != 1 }
    #expect(refused == nil && queue.count == 3)
    let taken = next(of: &queue)
    #expect(taken == 1)
  }

  /// Nobody is passed over more often than the queue's patience, whatever the others gain.
  @Test(arguments: 0..<20 as Range<UInt64>)
  func nobodyIsPassedOverTooOften(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let patience = Int.random(in: 0...5, using: &random)
    var queue = queue(patience: patience)
    var (waiting, next): ([(name: Int, passed: Int)], Int) = ([], 0)
    for _ in 0..<300 {
      if waiting.count < 8, Bool.random(using: &random) || waiting.isEmpty {
        _ = queue.append(Request(name: next, gain: Int.random(in: 0...9, using: &random)), free: 0)
        waiting.append((next, 0))
        next += 1
      } else {
        let taken = self.next(of: &queue)
        let place = try #require(waiting.firstIndex { $0.name == taken })
        for earlier in 0..<place { waiting[earlier].passed += 1 }
        #expect(waiting.allSatisfy { $0.passed <= patience })
        waiting.remove(at: place)
      }
    }
    #expect(queue.count == waiting.count)
  }

  @Test func theFullQueueRefusesAndWhoHasGoneHoldsNoPlace() {
    var queue = queue(limit: 2)
    let taken = [-1, 1, 2, 3].map { queue.append(Request(name: $0), free: 0) }
    #expect(taken == [true, true, true, false])
    let isTaken = queue.append(Request(name: 3), free: 1)
    #expect(isTaken)
    let all = queue.removeAll().map(\.name)
    #expect(all == [1, 2, 3] && queue.isEmpty)
  }
}
