import RouterCalibration
import RouterExit
import Testing

@Suite struct RulePlannerTests {
  /// Two tokens at exits 3, 6, 9 of 12 layers: the first says 7 from exit 3 on; the second changes its mind.
  static func answers() throws -> [PilotAnswer] {
    [
      try PilotAnswer(
        prompt: 0, exits: [3, 6, 9], scores: [:], choices: [7, 7, 7, 1, 1, 2], full: [7, 2])
    ]
  }

  static func planner(_ costs: TokenCosts = TokenCosts(head: 1)) throws -> RulePlanner {
    try RulePlanner(answers: answers(), layerCount: 12, costs: costs)
  }

  @Test func fixedDepthsAreCheaperTheMoreTheyRisk() throws {
    let plan = try Self.planner().fixedDepths()
    // Exit 9 is always right; 6 and 3 are wrong about the second token, so 3 is the cheaper of two equals.
    #expect(plan.points.map(\.rule) == [.fixed(depth: 9), .fixed(depth: 3)])
    #expect(plan.points.map(\.pilotRisk) == [0, 0.5])
    #expect(plan.points.map(\.pilotCost) == [10, 4])
    #expect(plan.askedExits(at: 0).isEmpty)
    #expect(
      try plan.policyRule(at: 0, name: "nine", estimator: nil, decay: nil)
        == .fixed(FixedDepthPolicy(name: "nine", depth: 9)))
  }

  @Test func patienceCountsExitsThatAgree() throws {
    let plan = try Self.planner().patiences()
    // Two that agree from exit 3 on: both tokens leave at 6 after two questions, the second one wrongly.
    let point = try #require(plan.points.first { $0.rule == .patience(exits: [3, 6, 9], count: 2) })
    #expect(point.pilotRisk == 0.5)
    #expect(point.pilotMeanDepth == 6)
    #expect(point.pilotCost == 8)
    #expect(plan.points.allSatisfy { $0.pilotCost < 13 })
  }

  @Test func costsOfPatienceCountItsHeads() throws {
    // From exit 6 on: the first token leaves at 9 after two questions, the second runs to the end after two
    // and is chosen for half a layer: (9 + 12) / 2 layers, 2 heads each, and the choice.
    let plan = try Self.planner(TokenCosts(head: 0.125, argmax: 0.5)).patiences()
    let point = try #require(plan.points.first { $0.rule == .patience(exits: [6, 9], count: 2) })
    #expect(point.pilotCost == 10.5 + 0.25 + 0.25)
    #expect(point.pilotRisk == 0)
  }

  @Test func refusesAnswersWithoutTokens() {
    #expect(throws: CalibrationError.self) {
      try RulePlanner(answers: [], layerCount: 12, costs: TokenCosts(head: 1))
    }
  }
}
