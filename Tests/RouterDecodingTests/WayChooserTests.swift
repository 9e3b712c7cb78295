import RouterDecoding
import RouterExit
import RouterRandom
import RouterTestSupport
import Testing

/// Which way to decode load chooses.
struct WayChooserTests {
  /// Sweeps that cost the same for a few rows and then as many times as there are rows: `knee` rows are free.
  private func forecast(knee: Int, acceptance: Double = 0.4) -> LoadForecast {
    LoadForecast(
      costs: (1...64).map { max(1, Double($0) / Double(knee)) }, cheapestRowCount: min(knee, 8),
      layerCount: 30,
      acceptance: acceptance, exitAcceptance: acceptance, headShare: 0.2)
  }

  private func plan(depth: Double, _ keyValues: KeyValueMode) throws -> Decoding {
    let digest = String(repeating: "ab", count: 32)
    let file = try PolicyFile(
      rule: .threshold(ThresholdPolicy(name: "a", estimator: .saturation, exits: [9], thresholds: [0.8])),
      decoder: PolicyDecoder(keyValues: keyValues), measured: PolicyMeasurements(meanDepth: depth),
      provenance: PolicyProvenance(modelSHA256: digest, dataSHA256: digest))
    return .exit(
      try ExitPlan(
        file, for: ModelIdentity(name: "tiny", fingerprint: digest, layerCount: 30, exits: [9, 30])))
  }

  @Test func draftsPayAloneAndNotWhereEveryRowCosts() {
    let forecast = forecast(knee: 4)
    #expect(
      forecast.timePerToken(of: .verify(), sequences: 1) < 0.7
        * forecast.timePerToken(of: .full, sequences: 1))
    #expect(
      forecast.timePerToken(of: .verify(), sequences: 16) == forecast.timePerToken(of: .full, sequences: 16))
  }

  /// In company layers that are skipped for good are saved, and those that are only put off are not.
  @Test func exitsPayInCompanyIfTheirLayersAreSaved() throws {
    let forecast = forecast(knee: 4)
    let full = forecast.timePerToken(of: .full, sequences: 16)
    let propagated = forecast.timePerToken(of: try plan(depth: 20, .propagate), sequences: 16)
    let exact = forecast.timePerToken(of: try plan(depth: 20, .exact), sequences: 16)
    #expect(propagated < 0.8 * full && exact == full)
    let alone = forecast.timePerToken(of: try plan(depth: 20, .exact), sequences: 1)
    #expect(alone < forecast.timePerToken(of: .verify(), sequences: 1))
  }

  @Test func deeperPoliciesTakeLonger() throws {
    for sequences in [1, 2, 7, 16, 64, 200] {
      let times = try [10, 20, 30].map {
        forecast(knee: 6).timePerToken(of: try plan(depth: $0, .propagate), sequences: sequences)
      }
      #expect(times == times.sorted(), "\(sequences)")
    }
  }

  /// Only what is clearly better replaces the way in use.
  @Test func nothingFlaps() {
    var random = SplitMix64(seed: 3)
    var chooser = WayChooser()
    var (last, changes) = (chooser.choose(among: ["a", "b"], times: [1, 1.2]), 0)
    for number in 2...1000 {
      // Noise of 1 % to both sides of equal times.
      let times = [1, 1].map { $0 * Double.random(in: 0.99...1.01, using: &random) }
      let choice = chooser.choose(among: ["a", "b"], times: times)
      if number.isMultiple(of: WayChooser.trialInterval) { continue }
      changes += choice == last ? 0 : 1
      last = choice
    }
    #expect(changes == 0 && last == 0)
    #expect(chooser.choose(among: ["a", "b"], times: [1, 0.98]) == 0)
    #expect(chooser.choose(among: ["a", "b"], times: [1, 0.96]) == 1)
    #expect(chooser.choose(among: ["a", "b"], times: [0.99, 1]) == 1)
  }

  /// One choice in sixteen tries the others in turn, as far as they are not much slower, and changes nothing.
  @Test func otherWaysAreTriedNowAndThen() {
    var chooser = WayChooser()
    let choices = (1...160).map { _ in chooser.choose(among: ["a", "b", "c", "d"], times: [1, 1.1, 2, 1.2]) }
    for (number, choice) in zip(1..., choices) {
      let isTrial = number.isMultiple(of: WayChooser.trialInterval)
      #expect(isTrial ? [1, 3].contains(choice) : choice == 0, "choice \(number)")
    }
    #expect(choices.count { $0 == 1 } == 5 && choices.count { $0 == 3 } == 5)
    var alone = WayChooser()
    #expect((0..<40).allSatisfy { _ in alone.choose(among: ["a", "b"], times: [1, 1.3]) == 0 })
  }

  /// Whoever has other ways to choose from has a choice of its own.
  @Test func listsOfWaysAreApart() {
    var chooser = WayChooser()
    #expect(chooser.choose(among: ["a", "b", "c"], times: [2, 2, 1]) == 2)
    #expect(chooser.choose(among: ["a", "b"], times: [2, 1]) == 1)
    #expect(chooser.choose(among: ["a", "b", "c"], times: [2, 1, 1]) == 2)
    for index in 0..<500 { _ = chooser.choose(among: ["\(index)", "b"], times: [1, 2]) }
    #expect(chooser.choose(among: ["a"], times: [1]) == 0)
  }

  /// A way that turns out slower than forecast is corrected, within bounds, and the forecast comes back when it is not
  /// tried any more by what is seen then.
  @Test func whatIsSeenCorrectsTheForecast() {
    let speeds = WaySpeeds()
    #expect(speeds.correction(of: "a") == 1)
    for _ in 0..<2000 { speeds.record("a", actual: 1.3, forecast: 1) }
    #expect(abs(speeds.correction(of: "a") - 1.3) < 0.05)
    for _ in 0..<3000 { speeds.record("a", actual: 9, forecast: 1) }
    #expect(speeds.correction(of: "a") == 2)
    for _ in 0..<4000 { speeds.record("a", actual: 1, forecast: 1) }
    #expect(speeds.correction(of: "a") < 1.1)
    speeds.record("b", actual: .nan, forecast: 1)
    speeds.record("b", actual: 0, forecast: 1)
    #expect(speeds.correction(of: "b") == 1)
  }

  /// An engine chooses among what it is given, at any load.
  @Test func anEngineChooses() async throws {
    let engine = InferenceEngine(model: try TinyLanguage.make())
    let ways = [Decoding.full, .verify(), try .tiny(way: 4)]
    #expect(ways.indices.contains(engine.choose(among: ways)))
    #expect(engine.choose(among: [.full]) == 0)
    for index in 0..<20 {
      let way = ways[engine.choose(among: ways)]
      let request = GenerationRequest(
        prompt: [97, 98, 99], maximumTokens: 10, decoding: way, ignoresEndOfText: true)
      var found = Transcript()
      for try await event in try engine.submit(request) { found.add([event]) }
      found.expectSame(as: try Transcript(request, on: engine.model), "\(index)")
    }
  }

  /// A load is exceeded at once and forgotten by half every half second.
  @Test func loadIsForgottenSlowly() {
    var history = LoadHistory()
    let start = ContinuousClock.now
    func expect(_ sequences: Int, at milliseconds: Int) -> Int {
      history.expect(sequences: sequences, at: start + .milliseconds(milliseconds))
    }
    #expect(expect(1, at: 0) == 1 && expect(16, at: 10) == 16)
    #expect(expect(1, at: 10) == 16, "answers that ended together are asked again")
    #expect(expect(2, at: 510) == 8 && expect(20, at: 520) == 20 && expect(1, at: 1520) == 5)
    #expect(expect(1, at: 20_000) == 1)
  }
}
