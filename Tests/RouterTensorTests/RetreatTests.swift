import Testing

@testable import RouterTensor

/// When a caller works alone.
struct RetreatTests {
  private let stall: UInt64 = 4_000_000

  @Test func theTeamIsUsedUntilItStalls() {
    var retreat = Retreat()
    #expect(!retreat.isAlone(at: 5))
    retreat.note(stall: stall, at: 5)
    #expect(retreat.isAlone(at: 5 + stall + Retreat.shortest - 1))
    #expect(!retreat.isAlone(at: 5 + stall + Retreat.shortest))
  }

  @Test func pausesDoubleWhileStallsKeepComing() {
    var retreat = Retreat()
    var (now, pause): (UInt64, UInt64) = (1, Retreat.shortest)
    for _ in 0..<10 {
      retreat.note(stall: stall, at: now)
      #expect(retreat.isAlone(at: now + stall + pause - 1))
      #expect(!retreat.isAlone(at: now + stall + pause))
      now += stall + pause
      pause = min(2 * pause, Retreat.longest)
    }
    #expect(pause == Retreat.longest)
  }

  @Test func aLoneStallAfterALongWhilePausesBriefly() {
    var retreat = Retreat()
    retreat.note(stall: stall, at: 1)
    retreat.note(stall: stall, at: 1 + stall + Retreat.shortest)
    let late: UInt64 = 60_000_000_000
    retreat.note(stall: stall, at: late)
    #expect(!retreat.isAlone(at: late + stall + Retreat.shortest))
  }
}
