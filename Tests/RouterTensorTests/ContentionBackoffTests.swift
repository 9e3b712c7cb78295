import RouterTensor
import Testing

/// When a caller works alone.
struct ContentionBackoffTests {
  private let stall: UInt64 = 4_000_000

  @Test func oneStallIsAnAccident() {
    var backoff = ContentionBackoff()
    for now in stride(from: UInt64(1), to: 10_000_000_000, by: Int(stall + ContentionBackoff.memory)) {
      #expect(!backoff.isAlone(at: now))
      backoff.note(stall: stall, at: now)
      #expect(!backoff.isAlone(at: now + stall))
    }
  }

  @Test func pausesDoubleWhileStallsKeepComing() {
    var backoff = ContentionBackoff()
    backoff.note(stall: stall, at: 1)
    var (now, pause) = (1 + stall, ContentionBackoff.shortest)
    for _ in 0..<10 {
      backoff.note(stall: stall, at: now)
      #expect(backoff.isAlone(at: now + stall + pause - 1))
      #expect(!backoff.isAlone(at: now + stall + pause))
      now += stall + pause
      pause = min(2 * pause, ContentionBackoff.longest)
    }
    #expect(pause == ContentionBackoff.longest)
  }

  @Test func aQuietWhileIsForgiven() {
    var backoff = ContentionBackoff()
    backoff.note(stall: stall, at: 1)
    backoff.note(stall: stall, at: 1 + stall)
    let late: UInt64 = 60_000_000_000
    backoff.note(stall: stall, at: late)
    #expect(!backoff.isAlone(at: late + stall))
    backoff.note(stall: stall, at: late + stall)
    #expect(backoff.isAlone(at: late + 2 * stall))
    #expect(!backoff.isAlone(at: late + 2 * stall + ContentionBackoff.shortest))
  }
}
