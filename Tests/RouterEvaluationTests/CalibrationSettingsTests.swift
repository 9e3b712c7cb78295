import RouterCalibration
import RouterEvaluation
import RouterExit
import Testing

struct CalibrationSettingsTests {
  private func settings(limit: Int? = nil, metric: LossMetric = .disagreement) -> CalibrationSettings {
    CalibrationSettings(
      estimator: .entropy, metric: metric, risk: 0.05, delta: 0.05, maximumTokens: 8, promptLimit: limit,
      seed: 3, decay: nil, selection: .used, answerRule: .contains)
  }

  @Test(arguments: [61, 62, 64, 75, 100, 1000])
  func partsAreDisjointAndEnough(count: Int) throws {
    let split = try settings().split(of: count)
    let all = split.pilot + split.certifying + split.heldOut
    #expect(Set(all) == Set(0..<count))
    #expect(all.count == count)
    #expect(split.pilot.count == split.heldOut.count)
    #expect((1...max(1, count / 6)).contains(split.pilot.count))
    // ln .05 / ln .95 = 58.4: without a loss 59 prompts prove a risk of .05 at delta .05.
    #expect(split.certifying.count >= 59)
  }

  @Test func aSixthOfManyPromptsChoosesThePath() throws {
    let split = try settings().split(of: 600)
    #expect(split.pilot.count == 100)
    #expect(split.heldOut.count == 100)
    #expect(split.certifying.count == 400)
  }

  @Test func usesNoMorePromptsThanTheLimit() throws {
    let split = try settings(limit: 90).split(of: 1000)
    let all = split.pilot + split.certifying + split.heldOut
    #expect(all.count == 90)
    #expect(Set(all).count == 90)
    // Drawn from all rows, not from the first 90.
    #expect(try #require(all.max()) >= 90)
  }

  @Test func theSeedDecides() throws {
    var other = settings()
    other.seed = 4
    #expect(try settings().split(of: 100) == settings().split(of: 100))
    #expect(try settings().split(of: 100) != other.split(of: 100))
  }

  @Test(arguments: [0, 1, 2, 30, 60])
  func saysHowManyPromptsAreNeeded(count: Int) throws {
    let error = try #require(throws: CalibrationError.self) { try settings().split(of: count) }
    guard case .tooFewPrompts(needed: 59, given: _) = error.code else {
      Issue.record("\(error)")
      return
    }
    // 59 and one each for the pilot and the held-out part: the least that `partsAreDisjointAndEnough` takes.
    #expect(error.remedy.contains("at least 61 prompts"))
  }

  @Test func everySettingNamesAnotherTrace() throws {
    let base = settings()
    var others = [CalibrationSettings](repeating: base, count: 11)
    others[0].estimator = .margin
    others[1].metric = .rougeL
    others[2].risk = 0.1
    others[3].delta = 0.1
    others[4].maximumTokens = 9
    others[5].promptLimit = 70
    others[6].seed = 4
    others[7].decay = try ThresholdDecay(tau: 4, length: 8)
    others[8].selection = .all
    others[9].answerRule = .exact
    others[10].maximumPoints += 1
    #expect(Set((others + [base]).map(\.traceKey)).count == 12)
  }
}
