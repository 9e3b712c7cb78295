import RouterCalibration
import RouterEvaluation
import Testing

struct CalibrationPlanningTests {
  private func plan(
    _ selection: CalibrationSettings.ExitSelection, amplitude: Float, headSeconds: Double
  ) throws -> PathPlan {
    var fixture = try CalibrationFixture(amplitude: amplitude)
    fixture.settings.selection = selection
    fixture.headSeconds = headSeconds
    return try fixture.run().plan
  }

  /// Layers near 0: every exit says what full depth says, so the first one saves three layers of four.
  @Test func exitsThatPayAreChosenByThemselves() throws {
    let auto = try plan(.auto, amplitude: 1e-3, headSeconds: 1e-5)
    #expect(!auto.exits.isEmpty)
    #expect(auto == (try plan(.paying, amplitude: 1e-3, headSeconds: 1e-5)))
  }

  /// Layers that change every token, and heads a hundred times as dear as layers.
  @Test func whereNoExitPaysThoseThatAreUsedAreAsked() throws {
    let paying = try plan(.paying, amplitude: 0.3, headSeconds: 1e-3)
    #expect(paying.exits.isEmpty && paying.points.isEmpty)
    let auto = try plan(.auto, amplitude: 0.3, headSeconds: 1e-3)
    #expect(!auto.exits.isEmpty)
    #expect(auto == (try plan(.used, amplitude: 0.3, headSeconds: 1e-3)))
  }

  @Test func costsAreThoseOfTheMachine() throws {
    let fixture = try CalibrationFixture(amplitude: 1e-3)
    let outcome = try fixture.run()
    // 10 microseconds for a head and for a layer: four layers and a head.
    #expect(outcome.plan.fullCost == 5)
    #expect(outcome.costs.headSeconds() == 1e-5)
    #expect(outcome.context > 3 && outcome.context < 128)
    // At least the layers that were run and one head.
    #expect(outcome.seconds.count == outcome.rows.count)
    #expect(
      zip(outcome.rows, outcome.seconds).allSatisfy { row, seconds in
        guard let depth = row.meanDepth, let seconds else { return false }
        return seconds >= 1e-5 * depth + 1e-5 - 1e-12
      })
  }
}
