import RouterCalibration
import RouterDecoding
import RouterEvaluation
import RouterExit
import Testing

struct CalibrationSettingsTests {
  private func settings(
    limit: Int? = nil, candidates: [Candidate] = [.entropyLogits]
  ) -> CalibrationSettings {
    var settings = CalibrationSettings(
      candidates: candidates, goal: .risk(0.05), metric: .exactMatch)
    settings.maximumTokens = 8
    settings.promptLimit = limit
    settings.seed = 3
    return settings
  }

  @Test(arguments: [61, 62, 64, 75, 100, 1000])
  func partsAreDisjointAndEnough(count: Int) throws {
    let split = try settings().split(of: count)
    let all = split.pilot + split.certifying + split.heldOut
    #expect(Set(all) == Set(0..<count))
    #expect(all.count == count)
    #expect((1...max(1, count / 3)).contains(split.pilot.count))
    #expect((1...max(1, count / 6)).contains(split.heldOut.count))
    // ln .05 / ln .95 = 58.4: without a loss 59 prompts prove a risk of .05 at delta .05.
    #expect(split.certifying.count >= 59)
  }

  @Test func aThirdOfManyPromptsChoosesThePath() throws {
    let split = try settings().split(of: 600)
    #expect(split.pilot.count == 200)
    #expect(split.heldOut.count == 100)
    #expect(split.certifying.count == 300)
  }

  /// Two finalists prove at half of delta each: ln .025 / ln .95 = 71.9.
  @Test func finalistsShareDelta() throws {
    let several = settings(candidates: [.entropyLogits, .marginLogits, .fixed])
    #expect(several.finalistCount == 2)
    #expect(try several.split(of: 75).certifying.count >= 72)
    #expect(throws: CalibrationError.self) { try several.split(of: 73) }
    #expect(settings().finalistCount == 1)
  }

  @Test func learningTakesTwoPilotPrompts() throws {
    #expect(try settings(candidates: [.probe]).split(of: 62).pilot.count == 2)
    #expect(throws: CalibrationError.self) { try settings(candidates: [.probe]).split(of: 61) }
  }

  @Test func aBudgetNeedsNoProof() throws {
    var budget = settings()
    budget.goal = .layers(15)
    #expect(try budget.split(of: 6).certifying.count == 3)
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
    var others = [CalibrationSettings](repeating: base, count: 15)
    others[0].candidates = [.marginLogits]
    others[1].metric = .rougeL
    others[2].goal = .risk(0.1)
    others[3].delta = 0.1
    others[4].maximumTokens = 9
    others[5].promptLimit = 70
    others[6].seed = 4
    others[7].decay = try ThresholdDecay(tau: 4, length: 8)
    others[8].objective = .layers
    others[9].answerRule = .exact
    others[10].maximumPoints += 1
    others[11].goal = .layers(15)
    others[12].goal = .tokensPerSecond(15)
    others[13].keyValues = .exact
    others[14].clients = [1, 16]
    #expect(Set((others + [base]).map(\.traceKey)).count == 16)
  }
}
