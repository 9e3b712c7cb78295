import RouterCalibration
import RouterEvaluation
import RouterExit
import Testing

struct CalibrationPlanningTests {
  /// Layers near 0: every exit says what full depth says, so the first one saves three layers of four.
  @Test func exitsThatPayAreAskedAndOthersAreNot() throws {
    let outcome = try CalibrationFixture(amplitude: 1e-3).run()
    let plan = try #require(outcome.leading?.plan)
    let point = try #require(plan.lastPoint(risk: 0.2))
    #expect(plan.askedExits(at: point) == [1])
    #expect(plan.payoffs.map(\.exit) == [1, 2, 3])
    #expect(plan.payoffs.map(\.isKept) == [true, false, false])
  }

  /// Layers that change every token, and heads a hundred times as dear as layers.
  @Test func whereNoExitPaysThePolicyIsFullDepth() throws {
    var fixture = try CalibrationFixture(amplitude: 0.3)
    fixture.headSeconds = 1e-3
    let outcome = try fixture.run()
    #expect(outcome.winner == nil)
    #expect(outcome.policy.rule == .fixed(try FixedDepthPolicy(name: "tiny", depth: 4)))
    // Among several candidates it is not even tested.
    fixture = try CalibrationFixture(amplitude: 0.3, candidates: [.maximumProbabilityLogits, .marginLogits])
    fixture.headSeconds = 1e-3
    #expect(try fixture.run().winner == nil)
  }

  @Test func costsAreThoseOfTheMachine() throws {
    let outcome = try CalibrationFixture(amplitude: 1e-3).run()
    // 10 microseconds for a head and for a layer: four layers and a head.
    #expect(outcome.leading?.plan.fullCost == 5)
    #expect(abs(outcome.fullSeconds - 5e-5) < 1e-12)
    #expect(outcome.context > 3 && outcome.context < 128)
    let trial = try #require(outcome.leading?.trial)
    #expect(trial.prompts == 2)
    // All layers for the token that the prompt gives, one layer and a head for the others.
    #expect(trial.modelSeconds >= 2e-5 - 1e-12 && trial.modelSeconds < 5e-5)
    #expect(trial.timeRatio != nil)
  }
}
