import RouterExit
import Testing

/// A plan holds policy, model, and keys and values together: what does not fit throws, or loses its guarantee openly.
@Suite struct ExitPlanTests {
  private static let fingerprint = String(repeating: "ab", count: 32)
  private static let tiny = model()

  private static func model(
    _ fingerprint: String = fingerprint, loaded: Int? = nil, exits: [Int] = [9, 21, 30]
  ) -> ModelIdentity {
    ModelIdentity(
      name: "tiny", fingerprint: fingerprint, layerCount: 30, loadedLayerCount: loaded, exits: exits)
  }

  /// Calibrated with exact keys and values for the model `tiny`.
  private func file(guaranteed: Bool = true, exits: [Int] = [9, 21]) throws -> PolicyFile {
    let guarantee = try PolicyGuarantee(
      metric: "disagreement", risk: 0.1, delta: 0.05, prompts: 60, method: "m", bound: 0.09,
      empiricalRisk: 0.04, maximumTokens: 48)
    return try PolicyFile(
      rule: .threshold(
        ThresholdPolicy(name: "a", estimator: .margin, exits: exits, thresholds: exits.map { _ in 0.9 })),
      decoder: PolicyDecoder(keyValues: .exact), guarantee: guaranteed ? guarantee : nil,
      provenance: PolicyProvenance(
        model: "tiny", modelSHA256: Self.fingerprint, dataSHA256: Self.fingerprint))
  }

  @Test func takesTheKeysAndValuesThatWereCalibrated() throws {
    let plan = try ExitPlan(file(), for: Self.tiny)
    #expect(plan.keyValues == .exact)
    #expect(plan.guarantee?.risk == 0.1)
    #expect(plan.mismatches.isEmpty)
    #expect(plan.model == Self.tiny)
    #expect(try ExitPlan(file(), for: Self.tiny, keyValues: .exact).guarantee != nil)
  }

  @Test func otherKeysAndValuesThanCalibratedAreRefused() throws {
    let error = #expect(throws: PolicyError.self) {
      try ExitPlan(file(), for: Self.tiny, keyValues: .propagate)
    }
    #expect(error?.code == .modelMismatch && error?.location == "$.decoder.kv")
    #expect(error?.what.contains("--kv exact, not propagate") == true)
    let certified = try ExitPlan(file(), for: Self.tiny)
    #expect(throws: PolicyError.self) { try certified.with(keyValues: .propagate) }
  }

  @Test func anotherModelIsRefused() throws {
    let stranger = Self.model(String(repeating: "cd", count: 32))
    let error = #expect(throws: PolicyError.self) { try ExitPlan(file(), for: stranger) }
    #expect(error?.code == .modelMismatch)
    #expect(error?.remedy.contains("--allow-mismatch") == true)
  }

  @Test func aGuaranteeAboutAllLayersNeedsAllLayers() throws {
    let shallow = Self.model(loaded: 21)
    let error = #expect(throws: PolicyError.self) { try ExitPlan(file(), for: shallow) }
    #expect(error?.what.contains("only 21 are loaded") == true)
    #expect(try ExitPlan(file(guaranteed: false), for: shallow).mismatches.isEmpty)
  }

  @Test func anAcceptedMismatchVoidsTheGuaranteeAndSaysWhy() throws {
    let stranger = Self.model(String(repeating: "cd", count: 32), loaded: 21)
    let plan = try ExitPlan(file(), for: stranger, keyValues: .propagate, mismatch: .accepted)
    #expect(plan.guarantee == nil)
    #expect(plan.keyValues == .propagate)
    #expect(plan.mismatches.count == 3)
    // What was accepted once is accepted for other keys and values too.
    let other = try ExitPlan(file(), for: Self.tiny, mismatch: .accepted).with(keyValues: .propagate)
    #expect(other.guarantee == nil && other.keyValues == .propagate && other.mismatches.count == 1)
  }

  @Test func withoutAGuaranteeEitherKeysAndValuesWillDo() throws {
    var plan = try ExitPlan(file(guaranteed: false), for: Self.tiny)
    plan.draftsAhead = false
    let other = try plan.with(keyValues: .propagate)
    #expect(other.keyValues == .propagate && !other.draftsAhead)
  }

  @Test func exitsThatTheModelLacksAreRefusedOutright() throws {
    let error = #expect(throws: PolicyError.self) {
      try ExitPlan(file(exits: [9, 12]), for: Self.tiny, mismatch: .accepted)
    }
    #expect(error?.code == .exitMismatch)
    let inCode = #expect(throws: PolicyError.self) {
      try ExitPlan(PatiencePolicy(exits: [9, 12], patience: 2), for: Self.tiny)
    }
    #expect(inCode?.code == .exitMismatch)
  }

  @Test func aPolicyInCodeGuaranteesNothing() throws {
    let plan = try ExitPlan(FixedDepthPolicy(depth: 21), for: Self.tiny)
    #expect(plan.guarantee == nil && plan.keyValues == .exact)
    #expect(try plan.with(keyValues: .propagate).keyValues == .propagate)
    // Exits that are never asked at do not matter.
    #expect(throws: Never.self) { try ExitPlan(FixedDepthPolicy(depth: 40), for: Self.tiny) }
  }

  @Test func aWayToDecodeNamesItsModeAndPolicy() throws {
    let plan = try ExitPlan(file(), for: Self.tiny)
    #expect(Decoding.full.mode == .full && Decoding.full.policy == nil)
    #expect(Decoding.exit(plan).mode == .exit && Decoding.exit(plan).policy?.name == "a")
    #expect(Decoding.verify().mode == .verify && Decoding.verify().policy == nil)
    #expect(Decoding.verify(drafts: plan.policy).policy?.name == "a")
    #expect(Decoding.exit(plan).plan != nil && Decoding.verify(drafts: plan.policy).plan == nil)
  }
}
