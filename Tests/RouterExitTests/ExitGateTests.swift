import Foundation
import RouterExit
import Testing

/// Decisions in two steps: a gate on the hidden state, then the logits of a head; and files that have them.
@Suite struct ExitGateTests {
  private static let digest = String(repeating: "ab", count: 32)

  /// Says 1 / (1 + exp(-h[0] / rms(h))) at the exits of a model of width 2.
  private static func estimator(_ exits: [Int]) throws -> LearnedEstimator {
    try LearnedEstimator(
      kind: .probe, width: 2, units: 0,
      networks: exits.map { .init(depth: $0, parameters: [1, 0, 0, 0, 0]) })
  }

  private static func policy(
    _ thresholds: [Float?] = [0.6, nil], exits: [Int] = [4, 30], head: HeadWidth = .narrow
  ) throws -> ThresholdPolicy {
    try ThresholdPolicy(
      name: "two-steps", estimator: .maximumProbability, exits: exits, thresholds: [0.7, 0.5], head: head,
      gate: ExitGate(estimator: estimator([4]), thresholds: thresholds))
  }

  /// The state [1, 0] has confidence 1 / (1 + exp(-sqrt 2)) = 0.804, and [-1, 0] what is left of 1.
  @Test func theHeadIsAskedOnlyBehindTheGate() throws {
    var decider = try Self.policy().makeDecider()
    decider.beginToken(0)
    let sure: [Float] = [9, 0]
    var found = decider.decide(Scene(depth: 4, hidden: [-1, 0], logits: sure))
    #expect(found.decision == .proceed(confidence: nil) && found.logitRequests == 0)
    decider.beginToken(1)
    found = decider.decide(Scene(depth: 4, hidden: [1, 0], logits: sure))
    #expect(found.decision.exits && found.logitRequests > 0)
    decider.beginToken(2)
    found = decider.decide(Scene(depth: 4, hidden: [1, 0], logits: [0, 0]))
    #expect(found.decision == .proceed(confidence: 0.5) && found.logitRequests > 0)
    // At full depth nothing is in front of the question.
    found = decider.decide(Scene(depth: 30, hidden: [-1, 0], logits: [0, 0]))
    #expect(found.decision == .exit(confidence: 0.5))
  }

  /// What a decider announces is what it does.
  @Test func whatIsWantedIsRead() throws {
    for (depth, hidden) in [(4, [-1, 0] as [Float]), (4, [1, 0]), (30, [-1, 0]), (9, [1, 0])] {
      let scene = Scene(depth: depth, hidden: hidden, logits: [3, 0])
      var announced = try Self.policy().makeDecider()
      announced.beginToken(0)
      let wanted = announced.wantsLogits(scene)
      let after = announced.decide(scene)
      var silent = try Self.policy().makeDecider()
      silent.beginToken(0)
      let alone = silent.decide(scene)
      #expect(wanted == (after.logitRequests > 0))
      #expect(after.decision == alone.decision && after.logitRequests == alone.logitRequests)
    }
    var hidden = try ThresholdPolicy(estimator: .saturation, exits: [4], thresholds: [0.5]).makeDecider()
    #expect(hidden.wantsLogits(Scene()) == false)
    var agreeing = try PatiencePolicy(exits: [4, 9], patience: 2).makeDecider()
    #expect(agreeing.wantsLogits(Scene()) == nil)
  }

  @Test func aGateThatDoesNotFitIsRefused() throws {
    func code(_ make: () throws -> ThresholdPolicy) -> PolicyError.Code? {
      do {
        _ = try make()
        return nil
      } catch { return (error as? PolicyError)?.code }
    }
    #expect(code { try Self.policy([0.6]) } == .invalidValue)
    #expect(code { try Self.policy([1.5, nil]) } == .invalidValue)
    #expect(code { try Self.policy([0.6, 0.6]) } == .missingField, "there is no network for exit 30")
    #expect(
      code {
        try ThresholdPolicy(
          estimator: .saturation, exits: [4], thresholds: [0.5],
          gate: ExitGate(estimator: Self.estimator([4]), thresholds: [0.5]))
      } == .invalidValue)
  }

  private static func file(path: [CertifiedPoint] = []) throws -> PolicyFile {
    try PolicyFile(
      rule: .threshold(policy()), decoder: PolicyDecoder(keyValues: .exact),
      guarantee: PolicyGuarantee(
        metric: "disagreement", risk: 0.1, delta: 0.05, prompts: 60, method: "m", bound: 0.09,
        empiricalRisk: 0.04, maximumTokens: 48),
      path: path, provenance: PolicyProvenance(modelSHA256: digest, dataSHA256: digest))
  }

  private static func point(_ thresholds: [Float?], gates: [Float?]) throws -> CertifiedPoint {
    try CertifiedPoint(
      exits: [4, 30], thresholds: thresholds, gates: gates, meanDepth: 25, empiricalRisk: 0.01, bound: 0.05)
  }

  @Test func filesAreWrittenAndRead() throws {
    let path = [
      try Self.point([nil, 0.6], gates: [nil, nil]), try Self.point([0.7, 0.5], gates: [0.6, nil]),
    ]
    for file in [try Self.file(), try Self.file(path: path)] {
      let json = try file.json()
      let text = String(decoding: json, as: UTF8.self)
      #expect(text.contains("\"format\" : 4") && text.contains("\"head\" : \"narrow\""))
      #expect(try PolicyFile(json: json) == file)
    }
    // A point without gates of its own would not be the policy's last.
    #expect(throws: PolicyError.self) { try Self.file(path: [Self.point([0.7, 0.5], gates: [])]) }
  }

  @Test(arguments: [
    ("\"head\" : \"narrow\"", "\"head\" : \"wide\"", "$.head"),
    ("\"name\" : \"probe\"", "\"name\" : \"oracle\"", "$.gate.estimator.name"),
    ("\"reads\" : \"hidden\"", "\"reads\" : \"logits\"", "$.gate.estimator.reads"),
    ("\"format\" : 4", "\"format\" : 99", "$.format"),
  ])
  func badFilesAreRefusedSayingWhere(old: String, new: String, location: String) throws {
    let text = String(decoding: try Self.file().json(), as: UTF8.self)
    #expect(text.contains(old))
    let error = #expect(throws: PolicyError.self) {
      try PolicyFile(json: Data(text.replacing(old, with: new).utf8))
    }
    #expect(error?.location == location)
  }

  /// Nothing overrides that a model has no narrow head; one that has is asked at full depth too.
  @Test func theModelNeedsTheHead() throws {
    func model(_ hasNarrowHead: Bool) -> ModelIdentity {
      ModelIdentity(
        name: "tiny", fingerprint: Self.digest, layerCount: 30, exits: [4, 30], hasNarrowHead: hasNarrowHead)
    }
    #expect(try ExitPlan(Self.file(), for: model(true)).policy.exits == [4, 30])
    for make in [
      { try ExitPlan(Self.file(), for: model(false), mismatch: .accepted) },
      { try ExitPlan(Self.policy(), for: model(false)) },
    ] {
      let error = #expect(throws: PolicyError.self) { try make() }
      #expect(error?.code == .exitMismatch && error?.remedy.contains("--narrow-head") == true)
    }
    // With the full head full depth is no exit.
    let full = try PolicyFile(rule: .threshold(Self.policy(head: .full)))
    #expect(throws: PolicyError.self) { try ExitPlan(full, for: model(true)) }
  }
}
