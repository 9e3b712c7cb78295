import RouterCalibration
import RouterRandom
import Testing

/// The law that calibration exists for: P(expected loss of the chosen point <= risk) >= 1 - delta.
///
/// Each simulated world has a path whose true risks are known, so a broken promise can be counted. The same
/// prompts serve every point, as in a real calibration.
@Suite struct GuaranteeTests {
  static let risk = 0.1
  static let delta = 0.1
  static let promptCount = 100
  static let runs = 250

  /// True expected losses along the path; the steps around the risk are small, where mistakes are easy.
  static let truth = [0.02, 0.05, 0.08, 0.1, 0.101, 0.105, 0.11, 0.13, 0.2]

  /// How many of `runs` recalibrations chose a point above the risk, and how many chose any point.
  static func simulate(
    _ test: RiskTest, truth: [Double], seed: UInt64, loss: (Double, Double, Double) -> Double
  ) throws -> (broken: Int, useful: Int) {
    var generator = SplitMix64(seed: seed)
    let settings = try TestingSequence.Settings(
      risk: risk, delta: delta, test: test, promptCount: promptCount)
    var broken = 0
    var useful = 0
    for _ in 0..<runs {
      let prompts = (0..<promptCount).map { _ in
        (Double.random(in: 0..<1, using: &generator), Double.random(in: 0..<1, using: &generator))
      }
      var sequence = TestingSequence(settings: settings, pointCount: truth.count)
      while case .testing(let point) = sequence.state {
        try sequence.record(losses: prompts.map { loss($0.0, $0.1, truth[point]) })
      }
      guard case .finished(let last?) = sequence.state else { continue }
      useful += 1
      if truth[last.point] > risk { broken += 1 }
    }
    return (broken, useful)
  }

  /// delta n plus three standard deviations: a correct method exceeds this once in 700 seeds.
  static let tolerated = Int(delta * Double(runs) + 3 * (delta * (1 - delta) * Double(runs)).squareRoot())

  @Test(arguments: RiskTest.allCases)
  func keepsItsGuaranteeForErrorsOfZeroOrOne(test: RiskTest) throws {
    let result = try Self.simulate(test, truth: Self.truth, seed: 1) { u, _, mean in u < mean ? 1 : 0 }
    #expect(result.broken <= Self.tolerated)
    #expect(result.useful > Self.runs / 2)
  }

  @Test(arguments: [RiskTest.hoeffdingBentkus, .betting])
  func keepsItsGuaranteeForBoundedLosses(test: RiskTest) throws {
    // Most prompts lose nothing, some lose a part: like the disagreement after a first differing token.
    let sparse = try Self.simulate(test, truth: Self.truth, seed: 2) { u, v, mean in
      u < 2 * mean ? v : 0
    }
    // Every prompt loses a little.
    let dense = try Self.simulate(test, truth: Self.truth, seed: 3) { u, _, mean in 2 * mean * u }
    for result in [sparse, dense] {
      #expect(result.broken <= Self.tolerated)
      #expect(result.useful > Self.runs / 2)
    }
  }

  /// The worst case that the theory allows: every point of the path is just above the risk.
  @Test(arguments: RiskTest.allCases)
  func keepsItsGuaranteeWhereEveryPointIsBad(test: RiskTest) throws {
    let truth = [Double](repeating: Self.risk + 1e-6, count: 10)
    let result = try Self.simulate(test, truth: truth, seed: 4) { u, _, mean in u < mean ? 1 : 0 }
    #expect(result.broken <= Self.tolerated)
  }

  /// The same simulation catches a method that tests each point at a level that is too generous.
  @Test func theSimulationNoticesABrokenGuarantee() throws {
    var generator = SplitMix64(seed: 5)
    var broken = 0
    for _ in 0..<Self.runs {
      let errors = (0..<Self.promptCount).count { _ in Double.random(in: 0..<1, using: &generator) < 0.101 }
      // "The empirical risk is below the risk" is no proof.
      if Double(errors) / Double(Self.promptCount) <= Self.risk { broken += 1 }
    }
    #expect(broken > Self.tolerated)
  }
}
