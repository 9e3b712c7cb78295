import Foundation
import RouterCalibration
import RouterDecoding
import RouterEvaluation
import RouterExit
import RouterTestSupport
import Testing

struct CalibratorTests {
  /// Layers that hardly change anything: the first exit says what full depth says.
  private static let settled: Float = 0.01
  /// Layers that change everything.
  private static let restless: Float = 0.5

  /// Two steps: a gate and the narrow head, at exits and at full depth; all points keep what they are.
  @Test func certifiesTheNarrowHead() throws {
    var fixture = try CalibrationFixture(amplitude: 0.1, candidates: [.entropy])
    fixture.settings.goal = .risk(0.5)
    fixture.headSeconds = 4e-5
    let outcome = try fixture.run()
    #expect(outcome.winner == .entropy && outcome.trained.map(\.estimator.kind) == [.probe])
    guard case .threshold(let policy) = outcome.policy.rule else {
      Issue.record("\(outcome.policy.rule)")
      return
    }
    #expect(
      policy.head == .narrow && policy.estimator == .entropy
        && outcome.policy.path.last?.exits == policy.exits)
    let path = fixture.directory.file("tiny.json")
    try outcome.policy.write(to: path)
    #expect(try PolicyFile(path: path) == outcome.policy)
    let plans = try ExitPlan(outcome.policy, for: fixture.language).certifiedPath
    #expect(plans.count == outcome.policy.path.count && !plans.isEmpty)
    // A run that was killed goes on from what it wrote.
    #expect(try fixture.run().policy.rule == outcome.policy.rule)
  }

  /// A model without a narrow head is asked in full.
  @Test func withoutANarrowHeadTheFullOneIsAsked() throws {
    let fixture = try CalibrationFixture(
      amplitude: Self.settled, candidates: [.maximumProbability, .maximumProbabilityLogits],
      hasNarrowHead: false)
    let outcome = try fixture.run()
    #expect(outcome.candidates.map(\.candidate) == [.maximumProbabilityLogits])
    guard case .threshold(let policy) = outcome.policy.rule else {
      Issue.record("\(outcome.policy.rule)")
      return
    }
    #expect(policy.head == .full && policy.gate == nil)
  }

  @Test func certifiesExitsOfASettledModel() throws {
    let fixture = try CalibrationFixture(amplitude: Self.settled)
    let outcome = try fixture.run()
    #expect(outcome.winner == .maximumProbabilityLogits)
    let leading = try #require(outcome.leading)
    #expect(leading.verdict == .chosen)
    let certified = try #require(outcome.certified)
    let tested = outcome.testedPoints[certified]
    #expect(tested.passed)
    let certifying = try fixture.settings.split(of: fixture.examples.count).certifying.count
    #expect(tested.promptCount == certifying)
    #expect(outcome.answers.count == certifying)
    guard case .threshold(let policy) = outcome.policy.rule else {
      Issue.record("\(outcome.policy.rule)")
      return
    }
    #expect(policy.name == "tiny")
    #expect(policy.estimator == .maximumProbability)
    #expect(policy.exits == leading.plan.askedExits(at: tested.point))
    #expect(tested.rule == leading.plan.points[tested.point].rule)
    let guarantee = try #require(outcome.policy.guarantee)
    #expect(guarantee.metric == "disagreement")
    #expect(guarantee.prompts == certifying)
    #expect(guarantee.heldOutPrompts == leading.race?.prompts)
    #expect(guarantee.bound <= 0.2)
    #expect(guarantee.empiricalRisk <= guarantee.bound)
    let measured = try #require(outcome.policy.measured)
    let depths = outcome.answers.flatMap(\.depths)
    #expect(measured.meanDepth == Double(depths.reduce(0, +)) / Double(depths.count))
    #expect(measured.meanDepth < 4)

    let path = fixture.directory.file("tiny.json")
    try outcome.policy.write(to: path)
    let read = try PolicyFile(path: path)
    #expect(read.rule == outcome.policy.rule)
    #expect(try read.mismatches(with: fixture.language.identity).isEmpty)
  }

  /// A policy and its traces hold for the keys and values that they were made with.
  @Test(arguments: [settled, restless])
  func keysAndValuesOfTheCalibrationAreNamed(amplitude: Float) throws {
    let fixture = try CalibrationFixture(amplitude: amplitude, keyValueType: .q8)
    let policy = try fixture.run().policy
    #expect(policy.decoder.keyValueType == .q8)
    #expect(try policy.mismatches(with: fixture.language.identity).isEmpty)
    let half = try TinyLanguage.ofAllTokens(amplitude: amplitude).identity
    #expect(try policy.mismatches(with: half).map(\.location) == ["$.decoder.kvType"])
    let header = String(decoding: try fixture.traceBytes().prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    #expect(header.contains(#""kv-type":"q8""#))
  }

  /// Every way to decide, with estimators that are trained, tried, tested and raced.
  @Test func bestComparesEveryCandidate() throws {
    var fixture = try CalibrationFixture(amplitude: Self.settled, candidates: Candidate.allCases)
    fixture.examples += try (0..<16).map { try example(#"{"question": "and \#($0) more", "answer": "x"}"#) }
    let outcome = try fixture.run()
    #expect(outcome.candidates.map(\.candidate) == Candidate.allCases)
    #expect(outcome.trained.map(\.estimator.kind) == [.probe, .mlp, .entropyProbe])
    for trained in outcome.trained {
      #expect(trained.estimator.networks.map(\.depth) == [1, 2, 3])
      #expect(trained.estimator.networks.allSatisfy { ($0.quality?.tokens ?? 0) > 0 })
    }
    #expect(outcome.candidates.count { $0.verdict == .chosen } == (outcome.winner == nil ? 0 : 1))
    #expect(outcome.candidates.count { !$0.testedPoints.isEmpty } <= 2)
    let probe = try #require(outcome.candidates.first { $0.candidate == .probe })
    #expect((probe.trial?.meanDepth ?? 4) < 4)
    // Trials are of equal pilot risk for all; a second one may take up to twice that, where the first lost less.
    for candidate in outcome.candidates {
      guard let trial = candidate.trial else { continue }
      #expect(candidate.plan.points[trial.point].pilotRisk <= 0.4 || trial.point == 0)
    }
    let bytes = try fixture.traceBytes()
    let again = try fixture.run()
    #expect(try fixture.traceBytes() == bytes)
    #expect(again.policy.rule == outcome.policy.rule)
  }

  @Test func aLearnedPolicyIsWrittenWithItsNetworks() throws {
    let fixture = try CalibrationFixture(amplitude: Self.settled, candidates: [.probe])
    let outcome = try fixture.run()
    guard case .threshold(let policy) = outcome.policy.rule, case .learned(let learned) = policy.estimator
    else {
      Issue.record("\(outcome.policy.rule)")
      return
    }
    #expect(learned.networks.map(\.depth) == policy.exits)
    #expect(learned.width == 32)
    #expect(try PolicyFile(json: outcome.policy.json()).rule == outcome.policy.rule)
  }

  @Test func aBudgetIsMetAndItsRiskMeasured() throws {
    var fixture = try CalibrationFixture(amplitude: 0.05, candidates: [.maximumProbabilityLogits, .fixed])
    fixture.settings.goal = .layers(3)
    let outcome = try fixture.run()
    #expect(outcome.policy.guarantee == nil)
    let measured = try #require(outcome.policy.measured)
    let risk = try #require(measured.risk)
    #expect(risk.low <= risk.mean && risk.mean <= risk.high)
    #expect(risk.prompts == outcome.answers.count)
    #expect(abs(risk.confidence - 0.8) < 1e-12)
    let winner = try #require(outcome.leading)
    #expect((winner.trial?.meanDepth ?? 4) <= 3)
    // Others that meet the budget lose no less on trial.
    for other in outcome.candidates {
      guard let trial = other.trial, trial.meanDepth <= 3 else { continue }
      #expect(trial.loss >= (winner.trial?.loss ?? 1))
    }
    var roomy = try CalibrationFixture(amplitude: 0.05)
    roomy.settings.goal = .tokensPerSecond(1)
    #expect(try roomy.run().policy.rule == .fixed(try FixedDepthPolicy(name: "tiny", depth: 4)))
    var narrow = try CalibrationFixture(amplitude: 0.05, candidates: [.fixed])
    narrow.settings.goal = .layers(0.5)
    let hopeless = narrow
    #expect(throws: EvaluationError.self) { try hopeless.run() }
  }

  @Test func simulatedRecalibrationsRunOnTheTraces() throws {
    let fixture = try CalibrationFixture(amplitude: 0.05, candidates: [.probe])
    let result = try fixture.run(simulating: 20)
    #expect(result.runs == 20)
    #expect(result.tolerated == 4)
    #expect(result.broken + result.empty <= 20)
  }

  /// Cut in the middle of a line, as a killed process leaves it.
  @Test(arguments: [0.03, 0.25, 0.5, 0.9])
  func aKilledRunResumesToTheSamePolicy(share: Double) throws {
    let fixture = try CalibrationFixture(amplitude: 0.05)
    let whole = try fixture.run()
    #expect(whole.certified != nil)
    let bytes = try fixture.traceBytes()
    let kept = bytes.prefix(Int(Double(bytes.count) * share))
    try kept.write(to: URL(fileURLWithPath: fixture.tracePath))

    let resumed = try fixture.run()
    #expect(resumed.policy.rule == whole.policy.rule)
    #expect(resumed.policy.guarantee == whole.policy.guarantee)
    #expect(resumed.certified == whole.certified)
    #expect(resumed.testedPoints.map(\.rule) == whole.testedPoints.map(\.rule))
    #expect(resumed.testedPoints.map(\.realisedRisk) == whole.testedPoints.map(\.realisedRisk))
    // What was complete before the cut is still there, not run again.
    let complete = kept.lastIndex(of: UInt8(ascii: "\n")).map { kept.prefix(through: $0) } ?? Data()
    #expect(try fixture.traceBytes().starts(with: complete))
  }

  /// Some cuts leave pilot answers whose hidden states are gone: full depth reads these once more.
  @Test(arguments: [0.05, 0.15, 0.3, 0.6])
  func aKilledRunThatLearnsResumesToTheSameEstimator(share: Double) throws {
    let fixture = try CalibrationFixture(amplitude: 0.05, candidates: [.probe])
    let whole = try fixture.run()
    let bytes = try fixture.traceBytes()
    let kept = bytes.prefix(Int(Double(bytes.count) * share))
    try kept.write(to: URL(fileURLWithPath: fixture.tracePath))
    let resumed = try fixture.run()
    #expect(resumed.trained == whole.trained && !whole.trained.isEmpty)
    #expect(resumed.pilots == whole.pilots)
    #expect(resumed.policy.rule == whole.policy.rule)
    #expect(resumed.policy.guarantee == whole.policy.guarantee)
  }

  @Test func aFinishedRunIsReadFromItsTrace() throws {
    let fixture = try CalibrationFixture(amplitude: 0.05)
    let first = try fixture.run()
    let bytes = try fixture.traceBytes()
    let second = try fixture.run()
    #expect(try fixture.traceBytes() == bytes)
    #expect(second.testedPoints == first.testedPoints)
    #expect(second.policy.rule == first.policy.rule)
    #expect(second.leading?.plan == first.leading?.plan)
  }

  @Test func withoutAPayingExitThePolicyIsFullDepth() throws {
    let fixture = try CalibrationFixture(amplitude: Self.settled)
    try fixture.plan(exits: [], thresholds: [])
    let outcome = try fixture.run()
    #expect(outcome.testedPoints.isEmpty)
    try expectFullDepth(outcome)
  }

  @Test func withoutACertifiedPointThePolicyIsFullDepth() throws {
    let fixture = try CalibrationFixture(amplitude: Self.restless)
    // Every token leaves at the first exit.
    try fixture.plan(exits: [1], thresholds: [0])
    let outcome = try fixture.run()
    #expect(outcome.testedPoints.map(\.passed) == [false])
    // Nearly every token is lost, so the run stops long before the last prompt.
    #expect(outcome.testedPoints[0].promptCount < 10)
    // Six tokens: all layers for the first, which the prompt gives, one layer for the others.
    #expect(outcome.testedPoints[0].meanDepth == 9.0 / 6)
    try expectFullDepth(outcome)
  }

  private func expectFullDepth(_ outcome: CalibrationOutcome) throws {
    #expect(outcome.certified == nil)
    #expect(outcome.policy.rule == .fixed(try FixedDepthPolicy(name: "tiny", depth: 4)))
    #expect(outcome.policy.guarantee == nil)
    #expect(outcome.policy.notes != nil)
    #expect(outcome.policy.measured?.meanDepth == 4)
  }

  @Test func theLastPointBeforeAFailureIsCertified() throws {
    let fixture = try CalibrationFixture(amplitude: Self.restless)
    try fixture.plan(exits: [1], thresholds: [1, 0, 1])
    let outcome = try fixture.run()
    #expect(outcome.testedPoints.map(\.passed) == [true, false])
    #expect(outcome.certified == 0)
  }

  /// A confidence of 1 is out of a softmax's reach here.
  @Test(arguments: LossMetric.allCases)
  func aPolicyThatNeverExitsLosesNothing(metric: LossMetric) throws {
    let fixture = try CalibrationFixture(amplitude: Self.restless, metric: metric)
    try fixture.plan(exits: [1, 2, 3], thresholds: [1])
    let outcome = try fixture.run()
    let answers = try fixture.answers()
    #expect(!answers.isEmpty)
    for answer in answers {
      #expect(answer.losses == [metric.rawValue: 0])
      #expect(answer.depths == [Int](repeating: 4, count: answer.tokens.count))
      #expect(!answer.tokens.isEmpty)
    }
    #expect(outcome.certified == 0)
    #expect(outcome.testedPoints[0].realisedRisk == 0)
  }

  @Test func disagreementComparesWithFullDepthAfterTheSameTokens() throws {
    let fixture = try CalibrationFixture(amplitude: Self.restless)
    try fixture.plan(exits: [1], thresholds: [0])
    _ = try fixture.run()
    let answer = try #require(try fixture.answers().first)
    let prompt = try fixture.language.promptTokens(of: fixture.examples[answer.prompt])
    let tokens = prompt + answer.tokens
    let full = try TeacherForcing(fixture.language).scores(
      of: tokens, scored: prompt.count..<tokens.count, exits: [4])
    let differing = zip(full[0], answer.tokens).count { $0.argmax != $1 }
    #expect(answer.losses == ["disagreement": Double(differing) / Double(answer.tokens.count)])
  }

  @Test func otherSettingsRefuseTheTraceFile() throws {
    let fixture = try CalibrationFixture(amplitude: Self.settled)
    try fixture.open()
    var others = [CalibrationFixture](repeating: fixture, count: 4)
    others[0].settings.candidates = [.marginLogits]
    others[1].settings.seed = 2
    others[2].settings.maximumTokens = 7
    others[3].dataSHA256 = String(repeating: "db", count: 32)
    for other in others {
      let error = try #require(throws: CalibrationError.self) { try other.open() }
      #expect(error.code == .settingsMismatch)
      #expect(error.location == fixture.tracePath)
    }
    try fixture.open()
  }

  @Test func tooFewPromptsAreRefusedBeforeAnythingIsWritten() throws {
    var fixture = try CalibrationFixture(amplitude: Self.settled, metric: .exactMatch)
    fixture.examples.removeLast(15)
    let given = fixture
    let error = try #require(throws: CalibrationError.self) { try given.open() }
    // 9 prompts leave 7 after one each for the path and the held-out part; ln .2 / ln .8 = 7.2.
    #expect(error.code == .tooFewPrompts(needed: 8, given: 7))
    #expect(!FileManager.default.fileExists(atPath: fixture.tracePath))
  }

  @Test func exactMatchNeedsAnAnswerInEveryRow() throws {
    var fixture = try CalibrationFixture(amplitude: Self.settled, metric: .exactMatch)
    fixture.examples[4] = try example(#"{"question": "Why?"}"#)
    let given = fixture
    let error = try #require(throws: EvaluationError.self) { try given.open() }
    #expect(error.code == .unusableRow)
    #expect(error.location == "row 5")
  }

  @Test func namesThePromptThatExceedsTheContext() throws {
    var fixture = try CalibrationFixture(amplitude: Self.settled)
    let long = String(repeating: "a", count: fixture.language.contextLength)
    fixture.examples = try fixture.examples.map { _ in try example(#"{"prompt": "\#(long)"}"#) }
    let given = fixture
    let error = try #require(throws: EvaluationError.self) { try given.run() }
    #expect(error.code == .unusableRow)
    #expect(error.location?.hasPrefix("row ") == true)
  }
}
