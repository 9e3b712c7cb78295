import RouterCalibration
import RouterDecoding
import RouterEvaluation
import RouterExit
import Testing

struct CalibrationFindingsTests {
  private func findings(
    _ fixture: CalibrationFixture, _ outcome: CalibrationOutcome
  ) throws -> CalibrationFindings {
    try CalibrationFindings(
      outcome, settings: fixture.settings, language: fixture.language, examples: fixture.examples,
      sources: [("trace", "somewhere.jsonl")]
    ) { _ in }
  }

  @Test func everythingMeasuredIsThere() throws {
    let fixture = try CalibrationFixture(amplitude: 0.05)
    let outcome = try fixture.run()
    let certified = try #require(outcome.certified)
    let found = try findings(fixture, outcome)
    #expect(found.certified == certified)
    #expect(found.points.map(\.risk) == outcome.testedPoints.map(\.realisedRisk))
    #expect(found.points.map(\.bound) == outcome.testedPoints.map(\.bound))
    #expect(found.points[certified].seconds != nil)
    #expect(found.risk == 0.2 && found.layerCount == 4)
    let tokens = outcome.answers.flatMap(\.tokens).count
    #expect(found.depthCounts.values.reduce(0, +) == tokens)
    #expect(found.facts.contains { $0 == ("trace", "somewhere.jsonl") })
    #expect(found.estimator == "max-probability")
    let pilotTokens = outcome.pilots.reduce(0) { $0 + $1.tokenCount }
    for exit in found.exits { #expect(exit.bins.reduce(0) { $0 + $1.tokens } == pilotTokens) }
  }

  /// The report looks at answers again; what it finds must be the loss that was certified.
  @Test func examplesShowTheLossThatWasMeasured() throws {
    let fixture = try CalibrationFixture(amplitude: 0.05)
    let outcome = try fixture.run()
    let found = try findings(fixture, outcome)
    #expect(found.examples.count == 6)
    let losses = outcome.answers.map { $0.losses["disagreement"] }
    for example in found.examples {
      let wrong = example.tokens.count { $0.agrees == false }
      #expect(losses.contains(Double(wrong) / Double(example.tokens.count)))
      #expect(example.prompt.contains("of many prompts"))
    }
    // Answers of equal length: the mean over places is 1 - the mean over prompts.
    #expect(outcome.answers.allSatisfy { $0.tokens.count == 6 })
    let shares = found.policyAgreements.compactMap(\.self)
    #expect(shares.count == 6)
    let mean = losses.compactMap(\.self).reduce(0, +) / Double(losses.count)
    #expect(abs(shares.reduce(0, +) / 6 - (1 - mean)) < 1e-12)
  }

  @Test func learnedEstimatorsShowTheScoresThatTheirThresholdsComeFrom() throws {
    let fixture = try CalibrationFixture(amplitude: 0.05, candidates: [.probe])
    let outcome = try fixture.run()
    let found = try findings(fixture, outcome)
    #expect(found.estimator == "probe")
    let trained = try #require(outcome.trained.first)
    for (index, exit) in found.exits.enumerated() {
      let scores = outcome.pilots.flatMap { pilot in
        stride(from: index, to: pilot.tokenCount * pilot.exits.count, by: pilot.exits.count).map {
          Double(trained.scores[pilot.prompt]?[$0] ?? -1)
        }
      }
      let sum = exit.bins.reduce(0) { $0 + $1.confidence * Double($1.tokens) }
      #expect(abs(sum - scores.reduce(0, +)) < 1e-6)
      #expect(exit.quality == trained.estimator.networks[index].quality)
    }
  }

  @Test func aCalibrationThatCertifiesNothingHasNoAnswersToShow() throws {
    let fixture = try CalibrationFixture(amplitude: 0.5)
    // Every token leaves at the first exit.
    try fixture.plan(exits: [1], thresholds: [0])
    let outcome = try fixture.run()
    try #require(outcome.winner == nil)
    let found = try findings(fixture, outcome)
    #expect(found.examples.isEmpty && found.depthCounts.isEmpty)
    #expect(found.exits.map(\.depth) == [1, 2, 3])
    #expect(CalibrationPage(found).html.contains("every token runs all"))
  }
}
