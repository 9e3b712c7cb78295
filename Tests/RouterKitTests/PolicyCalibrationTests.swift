import RouterKit
import RouterTestSupport
import Testing

/// A user's own policy through the library: calibrated, decoded with, audited.
@Suite struct PolicyCalibrationTests {
  /// Leaves where the hidden state has turned no further than a threshold allows.
  struct StillnessPolicy: ExitPolicy {
    let name = "stillness"
    let exits = [2, 3]
    let threshold: Float

    var decidesTokensApart: Bool { true }
    func makeDecider() -> any ExitDecider { Decider(threshold: threshold) }

    struct Decider: ExitDecider {
      let threshold: Float
      mutating func beginToken(_ tokenIndex: Int) {}

      mutating func decide(_ observation: borrowing ExitObservation) -> ExitDecision {
        let similarity = ExitEstimator.saturation.confidence(of: observation)
        return similarity >= threshold ? .exit(confidence: similarity) : .proceed(confidence: similarity)
      }
    }
  }

  private let prompts = (0..<80).map { (index: Int32) in [40 + index % 40, 7 * index % 200, index] }
  /// At 2, nothing leaves; at 0, everything leaves at the first exit that has another before it.
  private let path = ([2, 0] as [Float]).map { StillnessPolicy(threshold: $0) }

  @Test func theBoldestPolicyThatKeepsTheRiskIsCertified() throws {
    let model = try TinyLanguage.make()
    let calibration = try PolicyCalibration(risk: 0.1, maximumTokens: 8)
    #expect(prompts.count >= calibration.minimumPromptCount)
    let calibrated = try calibration.calibrate(path, on: model, prompts: prompts)
    #expect(calibrated.points.map(\.isCertified) == [true, false])
    #expect(calibrated.points[0].meanDepth == 4 && calibrated.points[0].empiricalRisk == 0)
    #expect(calibrated.points[1].meanDepth < 4 && calibrated.points[1].bound > 0.1)
    #expect(calibrated.points[1].prompts < prompts.count, "a point that is lost is left")
    let plan = try #require(calibrated.plan)
    #expect((plan.policy as? StillnessPolicy)?.threshold == 2)
    #expect(plan.guarantee?.risk == 0.1 && plan.guarantee?.prompts == 80 && plan.keyValues == .exact)
    #expect(plan.model == model.identity)
    // What was certified holds for these keys and values only.
    #expect(throws: PolicyError.self) { try plan.with(keyValues: .propagate) }
  }

  @Test func whereNothingPassesThereIsNoPlan() throws {
    let calibrated = try PolicyCalibration(risk: 0.1, maximumTokens: 8).calibrate(
      [path[1]], on: TinyLanguage.make(), prompts: prompts)
    #expect(calibrated.plan == nil && calibrated.points.count == 1)
  }

  @Test func tooFewPromptsAreRefusedWithTheNumberNeeded() throws {
    let error = #expect(throws: CalibrationError.self) {
      try PolicyCalibration(risk: 0.05).calibrate(
        path, on: TinyLanguage.make(), prompts: Array(prompts.prefix(10)))
    }
    guard case .tooFewPrompts(let needed, 10) = error?.code else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(needed == (try PolicyCalibration(risk: 0.05).minimumPromptCount))
  }

  @Test func aModelThatIsNotWhollyLoadedIsRefused() {
    #expect(throws: CalibrationError.self) {
      try PolicyCalibration(risk: 0.1).calibrate(path, on: TinyLanguage.make(layers: 2), prompts: prompts)
    }
  }

  @Test func aLossThatNeedsRightAnswersIsRefused() {
    #expect(throws: CalibrationError.self) { try PolicyCalibration(metric: .exactMatch, risk: 0.1) }
    #expect(throws: CalibrationError.self) { try PolicyCalibration(risk: 0.1, maximumTokens: 0) }
  }

  @Test func anEngineAuditsWhatItServed() async throws {
    let model = try TinyLanguage.make()
    let plan = try #require(
      PolicyCalibration(risk: 0.1, maximumTokens: 8).calibrate(path, on: model, prompts: prompts).plan)
    let engine = InferenceEngine(model: model)
    let request = GenerationRequest(prompt: prompts[0], maximumTokens: 8, decoding: .exit(plan))
    var ids: [Int32] = []
    for try await event in try engine.submit(request) {
      if case .token(let token) = event { ids.append(token.id) }
    }
    var audited = AuditedPolicy(guarantee: plan.guarantee)
    let found = try await engine.audit(ids, to: request, by: audited.metric)
    #expect(found.loss == 0 && found.tokenCount == 8)
    let breaks = audited.record(loss: found.loss, tokens: found.tokenCount)
    #expect(!breaks)
    #expect(audited.losses.count == 1 && audited.guarantee?.risk == 0.1)
  }
}
