import Foundation
import RouterCalibration
import RouterDecoding
import RouterEvaluation
import RouterExit
import Testing

struct CalibrationRunTests {
  /// Layers that hardly change anything: the first exit says what full depth says.
  private static let settled: Float = 0.01
  /// Layers that change everything.
  private static let restless: Float = 0.5

  @Test func certifiesExitsOfASettledModel() throws {
    let fixture = try CalibrationFixture(amplitude: Self.settled)
    let outcome = try fixture.run()
    let certified = try #require(outcome.certified)
    #expect(outcome.rows[certified].passed)
    #expect(outcome.rows[certified].promptCount == 8)
    #expect(outcome.plan.exits == [1, 2, 3])
    guard case .threshold(let policy) = outcome.policy.rule else {
      Issue.record("\(outcome.policy.rule)")
      return
    }
    #expect(policy.name == "tiny")
    #expect(policy.estimator == .maximumProbability)
    #expect(policy.exits == outcome.plan.exits)
    #expect(policy.thresholds == outcome.plan.thresholds(at: certified))
    let guarantee = try #require(outcome.policy.guarantee)
    #expect(guarantee.metric == "disagreement")
    #expect(guarantee.prompts == 8)
    #expect(guarantee.heldOutPrompts == 2)
    #expect(guarantee.bound <= 0.2)
    #expect(guarantee.empiricalRisk <= guarantee.bound)
    let measured = try #require(outcome.policy.measured)
    let answers = try fixture.answers().filter { $0.run == .point(certified) }
    // The 8 certifying prompts, then the 2 held-out ones.
    #expect(answers.count == 10)
    let depths = answers.prefix(8).flatMap(\.depths)
    #expect(measured.meanDepth == Double(depths.reduce(0, +)) / Double(depths.count))
    #expect(measured.meanDepth < 4)

    let path = fixture.directory.file("tiny.json")
    try outcome.policy.write(to: path)
    let read = try PolicyFile(path: path)
    #expect(read.rule == outcome.policy.rule)
    try read.validate(
      modelFingerprint: fixture.language.fingerprint, layerCount: 4, exits: fixture.language.exits)
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
    #expect(resumed.rows.map(\.threshold) == whole.rows.map(\.threshold))
    #expect(resumed.rows.map(\.realisedRisk) == whole.rows.map(\.realisedRisk))
    // What was complete before the cut is still there, not run again.
    let complete = kept.lastIndex(of: UInt8(ascii: "\n")).map { kept.prefix(through: $0) } ?? Data()
    #expect(try fixture.traceBytes().starts(with: complete))
  }

  @Test func aFinishedRunIsReadFromItsTrace() throws {
    let fixture = try CalibrationFixture(amplitude: 0.05)
    let first = try fixture.run()
    let bytes = try fixture.traceBytes()
    let second = try fixture.run()
    #expect(try fixture.traceBytes() == bytes)
    #expect(second.rows == first.rows)
    #expect(second.policy.rule == first.policy.rule)
    #expect(second.plan == first.plan)
  }

  @Test func withoutAPayingExitThePolicyIsFullDepth() throws {
    let fixture = try CalibrationFixture(amplitude: Self.settled)
    try fixture.plan(exits: [], thresholds: [])
    let outcome = try fixture.run()
    #expect(outcome.rows.isEmpty)
    try expectFullDepth(outcome)
  }

  @Test func withoutACertifiedPointThePolicyIsFullDepth() throws {
    let fixture = try CalibrationFixture(amplitude: Self.restless)
    // Every token leaves at the first exit.
    try fixture.plan(exits: [1], thresholds: [0])
    let outcome = try fixture.run()
    #expect(outcome.rows.map(\.passed) == [false])
    // Eight prompts suffice only without a loss, so the run stops at the first one.
    #expect(outcome.rows[0].promptCount < 8)
    // Six tokens: all layers for the first, which the prompt gives, one layer for the others.
    #expect(outcome.rows[0].meanDepth == 9.0 / 6)
    try expectFullDepth(outcome)
  }

  private func expectFullDepth(_ outcome: CalibrationRun.Outcome) throws {
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
    #expect(outcome.rows.map(\.passed) == [true, false])
    #expect(outcome.certified == 0)
  }

  /// A confidence of 1 is out of a softmax's reach here.
  @Test(arguments: LossMetric.allCases)
  func aPolicyThatNeverExitsLosesNothing(metric: LossMetric) throws {
    let fixture = try CalibrationFixture(amplitude: Self.restless, metric: metric)
    try fixture.plan(exits: [1, 2, 3], thresholds: [1])
    let outcome = try fixture.run()
    let answers = try fixture.answers()
    #expect(answers.count == 10)
    for answer in answers {
      #expect(answer.losses == [metric.rawValue: 0])
      #expect(answer.depths == [Int](repeating: 4, count: answer.tokens.count))
      #expect(!answer.tokens.isEmpty)
    }
    #expect(outcome.certified == 0)
    #expect(outcome.rows[0].realisedRisk == 0)
  }

  @Test func disagreementComparesWithFullDepthAfterTheSameTokens() throws {
    let fixture = try CalibrationFixture(amplitude: Self.restless)
    try fixture.plan(exits: [1], thresholds: [0])
    _ = try fixture.run()
    let answer = try #require(try fixture.answers().first)
    let prompt = try fixture.language.promptTokens(of: fixture.rows[answer.prompt])
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
    others[0].settings.estimator = .margin
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
    var fixture = try CalibrationFixture(amplitude: Self.settled)
    fixture.rows.removeLast(3)
    let given = fixture
    let error = try #require(throws: CalibrationError.self) { try given.open() }
    // 9 prompts leave 7 after one each for the path and the held-out part.
    #expect(error.code == .tooFewPrompts(needed: 8, given: 7))
    #expect(!FileManager.default.fileExists(atPath: fixture.tracePath))
  }

  @Test func exactMatchNeedsAnAnswerInEveryRow() throws {
    var fixture = try CalibrationFixture(amplitude: Self.settled, metric: .exactMatch)
    fixture.rows[4] = try row(#"{"question": "Why?"}"#)
    let given = fixture
    let error = try #require(throws: EvaluationError.self) { try given.open() }
    #expect(error.code == .unusableRow)
    #expect(error.location == "row 5")
  }

  @Test func namesThePromptThatExceedsTheContext() throws {
    var fixture = try CalibrationFixture(amplitude: Self.settled)
    let long = String(repeating: "a", count: fixture.language.contextLength)
    fixture.rows = try fixture.rows.map { _ in try row(#"{"prompt": "\#(long)"}"#) }
    let given = fixture
    let error = try #require(throws: EvaluationError.self) { try given.run() }
    #expect(error.code == .unusableRow)
    #expect(error.location?.hasPrefix("row ") == true)
  }
}
