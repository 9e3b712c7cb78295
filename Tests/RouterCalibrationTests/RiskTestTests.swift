import Foundation
import RouterCalibration
import Testing

@Suite struct RiskTestTests {
  /// n losses with the given sum: as many ones as fit, then the rest.
  static func sample(count: Int, sum: Double) throws -> LossSample {
    let ones = Int(sum)
    let rest = sum - Double(ones)
    let losses = [Double](repeating: 1, count: ones) + (rest > 0 ? [rest] : [])
    return try LossSample(losses + [Double](repeating: 0, count: count - losses.count))
  }

  @Test(arguments: StatisticsFixture.upperBounds.indices)
  func theBinomialBoundIsClopperPearsons(index: Int) throws {
    let row = StatisticsFixture.upperBounds[index]
    let sample = try Self.sample(count: row.n, sum: Double(row.k))
    #expect(abs(RiskTest.exactBinomial.upperBound(sample, delta: row.delta) / row.bound - 1) < 2e-9)
  }

  @Test(arguments: StatisticsFixture.hoeffdingBentkus.indices)
  func hoeffdingBentkusAgreesWithScipy(index: Int) throws {
    let row = StatisticsFixture.hoeffdingBentkus[index]
    let sample = try Self.sample(count: row.n, sum: row.sum)
    let pValue = RiskTest.hoeffdingBentkus.pValue(sample, risk: row.risk, delta: 0.05)
    #expect(abs(pValue / row.pValue - 1) < 1e-9)
  }

  @Test(arguments: StatisticsFixture.betting.indices)
  func bettingAgreesWithAnIndependentCapitalProcess(index: Int) throws {
    let row = StatisticsFixture.betting[index]
    let pValue = RiskTest.betting.pValue(try LossSample(row.losses), risk: row.risk, delta: row.delta)
    #expect(abs(pValue / row.pValue - 1) < 1e-9)
  }

  @Test(arguments: RiskTest.allCases)
  func theBoundIsWhereTheTestBeginsToAccept(test: RiskTest) throws {
    for losses in [[Double](repeating: 0, count: 80), [1, 0, 0, 0, 1] + [Double](repeating: 0, count: 95)] {
      let sample = try LossSample(losses)
      let bound = test.upperBound(sample, delta: 0.05)
      #expect(bound > sample.mean && bound < 1)
      #expect(test.pValue(sample, risk: bound, delta: 0.05) <= 0.05)
      #expect(test.pValue(sample, risk: bound * 0.999_999, delta: 0.05) > 0.05)
    }
  }

  @Test(arguments: RiskTest.allCases)
  func nothingCanBeSaidAboutTotalLoss(test: RiskTest) throws {
    let sample = try LossSample([Double](repeating: 1, count: 30))
    #expect(test.pValue(sample, risk: 0.5, delta: 0.05) > 0.05)
    #expect(test.upperBound(sample, delta: 0.05) > 0.999)
  }

  /// DESIGN's numbers: ln(.05) / ln(.95) = 58.4 and ln(.05) / ln(.99) = 298.07.
  @Test func theZeroErrorMinimumIsKnown() {
    for test in [RiskTest.exactBinomial, .hoeffdingBentkus] {
      #expect(test.minimumPromptCount(risk: 0.05, delta: 0.05) == 59)
      #expect(test.minimumPromptCount(risk: 0.01, delta: 0.05) == 299)
      #expect(test.minimumPromptCount(risk: 0.5, delta: 0.5) == 1)
      #expect(test.minimumPromptCount(risk: 1e-6, delta: 0.05) == 2_995_731)
    }
  }

  @Test(arguments: RiskTest.allCases)
  func theMinimumIsEnoughAndOneLessIsNot(test: RiskTest) throws {
    for (risk, delta) in [(0.05, 0.05), (0.1, 0.05), (0.3, 0.2), (0.02, 0.01)] {
      let count = test.minimumPromptCount(risk: risk, delta: delta)
      func pValue(_ count: Int) throws -> Double {
        test.pValue(try Self.sample(count: count, sum: 0), risk: risk, delta: delta)
      }
      #expect(try pValue(count) <= delta)
      #expect(try pValue(count - 1) > delta)
    }
  }

  @Test func bettingIsTighterWhereLossesVaryLittle() throws {
    let sample = try LossSample((0..<200).map { $0.isMultiple(of: 2) ? 0.04 : 0.06 })
    let betting = RiskTest.betting.upperBound(sample, delta: 0.05)
    #expect(betting < RiskTest.hoeffdingBentkus.upperBound(sample, delta: 0.05))
    #expect(betting > 0.05)
  }

  @Test(arguments: [[], [0.5, -0.1], [1.1], [.nan], [.infinity]])
  func refusesLossesOutsideTheUnitInterval(losses: [Double]) {
    #expect(throws: CalibrationError.self) { try LossSample(losses) }
  }
}
