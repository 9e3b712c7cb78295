import RouterCalibration
import Testing

@Suite struct PromptSplitTests {
  @Test func thePartsAreDisjointAndComplete() throws {
    let split = try PromptSplit(promptCount: 500, pilot: 60, heldOut: 100, needed: 299, seed: 1)
    #expect(split.pilot.count == 60)
    #expect(split.heldOut.count == 100)
    #expect(split.certifying.count == 340)
    #expect(Set(split.pilot + split.heldOut + split.certifying) == Set(0..<500))
  }

  @Test func theSeedDecides() throws {
    let first = try PromptSplit(promptCount: 200, pilot: 20, heldOut: 20, needed: 59, seed: 1)
    #expect(try PromptSplit(promptCount: 200, pilot: 20, heldOut: 20, needed: 59, seed: 1) == first)
    #expect(try PromptSplit(promptCount: 200, pilot: 20, heldOut: 20, needed: 59, seed: 2) != first)
  }

  @Test func everyRowIsEquallyLikelyToPilot() throws {
    var counts = [Int](repeating: 0, count: 10)
    for seed in 0..<2_000 {
      for row in try PromptSplit(promptCount: 10, pilot: 3, heldOut: 0, needed: 1, seed: UInt64(seed)).pilot {
        counts[row] += 1
      }
    }
    // 600 expected, standard deviation 20.5.
    #expect(counts.allSatisfy { abs($0 - 600) < 100 })
  }

  @Test func aLimitLeavesTheRestOut() throws {
    let split = try PromptSplit(
      promptCount: 500, pilot: 60, heldOut: 100, certifyingLimit: 70, needed: 59, seed: 1)
    #expect(split.certifying.count == 70)
  }

  @Test(arguments: [(100, 30, 20, Int?.none), (0, 0, 0, nil), (1_000, 0, 0, 58), (10, 20, 0, nil)])
  func refusesTooFewPromptsWithTheTotalThatIsNeeded(count: Int, pilot: Int, heldOut: Int, limit: Int?) {
    let error = #expect(throws: CalibrationError.self) {
      try PromptSplit(
        promptCount: count, pilot: pilot, heldOut: heldOut, certifyingLimit: limit, needed: 59, seed: 1)
    }
    guard case .tooFewPrompts(needed: 59, given: _)? = error?.code else { return #expect(Bool(false)) }
    let remedy = limit == nil ? "Give at least \(59 + pilot + heldOut) prompts" : "Certify with at least 59"
    #expect(error?.remedy == "\(remedy), or allow a larger risk or delta.")
  }
}

@Suite struct TestedPointTests {
  @Test func summarisesAPoint() throws {
    var sequence = TestingSequence(
      settings: try .init(risk: 0.5, delta: 0.5, test: .exactBinomial, promptCount: 2), pointCount: 1)
    let result = try sequence.record(losses: [0, 0])
    let answers = [
      try PromptTrace(
        prompt: 0, decoding: .point(.entropy, 0), tokens: [1, 2], depths: [9, 30], losses: [:], seconds: 1.5),
      try PromptTrace(
        prompt: 1, decoding: .point(.entropy, 0), tokens: [1], depths: [12], losses: [:], seconds: 0.5),
    ]
    let tested = TestedPoint(point: 3, rule: .fixed(depth: 9), result: result, answers: answers)
    #expect(tested.meanDepth == 17)
    #expect(tested.tokensPerSecond == 1.5)
    #expect(tested.passed)
    #expect(tested.promptCount == 2)
    #expect(TestedPoint(point: 3, rule: .fixed(depth: 9), result: result, answers: []).meanDepth == nil)
  }
}
