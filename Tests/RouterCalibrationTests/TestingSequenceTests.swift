import RouterCalibration
import Testing

@Suite struct TestingSequenceTests {
  static func sequence(prompts: Int = 100, points: Int = 4) throws -> TestingSequence {
    TestingSequence(
      settings: try .init(risk: 0.1, delta: 0.05, test: .exactBinomial, promptCount: prompts),
      pointCount: points)
  }

  /// 100 losses of which `errors` are 1. With n = 100, .1 and .05, scipy's binom.cdf passes up to 4 errors.
  static func losses(_ errors: Int) -> [Double] { (0..<100).map { $0 < errors ? 1 : 0 } }

  @Test func keepsTheLastPointBeforeTheFirstFailure() throws {
    var sequence = try Self.sequence()
    #expect(sequence.state == .testing(point: 0))
    #expect(try sequence.record(losses: Self.losses(0)).passed)
    #expect(try sequence.record(losses: Self.losses(4)).passed)
    #expect(sequence.state == .testing(point: 2))
    #expect(try !sequence.record(losses: Self.losses(5)).passed)
    guard case .finished(let last) = sequence.state else { return #expect(Bool(false)) }
    #expect(last == sequence.results[1])
    #expect(last?.point == 1)
    #expect(last?.empiricalRisk == 0.04)
    // scipy.stats.beta.ppf(.95, 5, 96)
    #expect(abs((last?.bound ?? 0) - 0.089_196) < 1e-6)
  }

  @Test func nothingPassesIfTheFirstPointFails() throws {
    var sequence = try Self.sequence()
    try sequence.record(losses: Self.losses(50))
    #expect(sequence.state == .finished(lastPassing: nil))
  }

  @Test func theWholePathMayPass() throws {
    var sequence = try Self.sequence(points: 2)
    try sequence.record(losses: Self.losses(0))
    try sequence.record(losses: Self.losses(1))
    #expect(sequence.state == .finished(lastPassing: sequence.results[1]))
  }

  @Test func anEmptyPathFinishesAtOnce() throws {
    #expect(try Self.sequence(points: 0).state == .finished(lastPassing: nil))
  }

  @Test func refusesToTestOnAfterAFailure() throws {
    var sequence = try Self.sequence()
    try sequence.record(losses: Self.losses(50))
    #expect(throws: CalibrationError.self) { try sequence.record(losses: Self.losses(0)) }
    #expect(sequence.results.count == 1)
  }

  @Test func stopsAPointOnceItsFailureIsCertain() throws {
    var sequence = try Self.sequence()
    let four = [Double](repeating: 1, count: 4)
    #expect(try !sequence.failsForCertain(lossesSoFar: []))
    #expect(try !sequence.failsForCertain(lossesSoFar: four))
    #expect(throws: CalibrationError.self) { try sequence.record(losses: four) }
    #expect(try sequence.failsForCertain(lossesSoFar: four + [1]))
    let result = try sequence.record(losses: four + [1])
    #expect(!result.passed)
    #expect(result.promptCount == 5)
    #expect(result.empiricalRisk == 1)
  }

  @Test func refusesTooFewPromptsWithTheNumberThatIsNeeded() {
    let error = #expect(throws: CalibrationError.self) {
      try TestingSequence.Settings(risk: 0.05, delta: 0.05, test: .hoeffdingBentkus, promptCount: 40)
    }
    #expect(error?.code == .tooFewPrompts(needed: 59, given: 40))
    #expect(
      error?.description
        == "40 certifying prompts cannot prove a risk of 0.05 at delta 0.05: even without a single loss it "
        + "takes 59. Give at least 59, or allow a larger risk or delta.")
    #expect(throws: Never.self) {
      try TestingSequence.Settings(risk: 0.05, delta: 0.05, test: .hoeffdingBentkus, promptCount: 59)
    }
  }

  @Test(arguments: [(0, 0.05), (1, 0.05), (-1, 0.05), (.nan, 0.05), (0.05, 0), (0.05, 1), (0.05, .nan)])
  func refusesRisksAndDeltasOutsideTheUnitInterval(risk: Double, delta: Double) {
    let error = #expect(throws: CalibrationError.self) {
      try TestingSequence.Settings(risk: risk, delta: delta, test: .exactBinomial, promptCount: 1_000)
    }
    #expect(error?.code == .invalidParameter)
  }

  @Test func refusesLossesThatDoNotFit() throws {
    var sequence = try Self.sequence()
    let half = [0.5] + [Double](repeating: 0, count: 99)
    for losses in [Self.losses(0) + [0], Array(Self.losses(0).dropLast()), [], half] {
      #expect(throws: CalibrationError.self) { try sequence.record(losses: losses) }
    }
    #expect(sequence.state == .testing(point: 0))
  }

  @Test func aPassingBoundNeverExceedsTheRisk() throws {
    for test in RiskTest.allCases {
      let settings = try TestingSequence.Settings(risk: 0.1, delta: 0.05, test: test, promptCount: 100)
      for errors in 0...10 {
        var sequence = TestingSequence(settings: settings, pointCount: 1)
        let result = try sequence.record(losses: Self.losses(errors))
        #expect(result.passed == (result.bound <= 0.1))
      }
    }
  }
}
