import RouterCalibration
import RouterEvaluation
import RouterExit
import Testing

/// Who is tried, tested and raced, by losses and times that are made up.
struct CertifyingWorkTests {
  private let split: PromptSplit
  private var settings = CalibrationSettings(
    candidates: [.entropyLogits], goal: .risk(0.2), metric: .disagreement)

  init() throws {
    split = try PromptSplit(promptCount: 60, pilot: 8, heldOut: 4, needed: 1, seed: 3)
    settings.delta = 0.1
    settings.trialPrompts = 3
    settings.maximumPoints = 4
  }

  private func work(
    _ candidates: [Candidate], points: Int = 6, clients: [Int] = [1]
  ) throws -> CertifyingWork {
    var settings = settings
    settings.candidates = candidates
    return CertifyingWork(
      settings: settings, split: split,
      plans: candidates.map { WorkFixture.plan($0, points: points) }, risk: 0.2,
      comparison: try WorkFixture.comparison(clients: clients))
  }

  /// The points that a candidate's answers to the certifying prompts were given under, in order.
  private func tested(_ candidate: Candidate, _ fixture: WorkFixture) -> [Int] {
    var points: [Int] = []
    for case .answer(let prompt, .point(candidate, let point)) in fixture.done
    where split.certifying.contains(prompt) && points.last != point {
      points.append(point)
    }
    return points
  }

  @Test func aCandidateThatLosesNothingIsCertifiedAtItsLastTestedPoint() throws {
    var (fixture, list) = (WorkFixture(), try work([.entropyLogits]))
    try fixture.finish(&list)
    let outcome = list.candidates[0]
    #expect(outcome.verdict == .chosen && outcome.testedPoints.allSatisfy(\.passed))
    #expect(outcome.certified == outcome.testedPoints.count - 1)
    #expect(list.decision.point == outcome.testedPoints.last?.point)
    #expect(list.decision.answers.map(\.prompt) == split.certifying)
    let guarantee = try #require(list.decision.guarantee)
    #expect(guarantee.prompts == split.certifying.count && guarantee.heldOutPrompts == 4)
    #expect(guarantee.method == "learn-then-test, betting")
    // Losses of 0 are half of the least that the pilot may have overestimated: points are allowed twice the risk.
    #expect(outcome.riskScale == 0.5)
    #expect(
      fixture.stages.prefix(3) == ["trial 1 of 2", "trial 2 of 2", "entropy-logits: point 1 of at most 3"])
    #expect(fixture.stages.suffix(2) == ["held-out prompts", "answers"])
  }

  /// What loses nothing races along: full depth takes 4 seconds for a token, verified drafts 3, the policy 2.
  @Test func verifiedDraftsAreTimedBesideThePolicy() throws {
    var (fixture, list) = (WorkFixture(), try work([.entropyLogits]))
    fixture.seconds = { _, decoding in
      switch decoding {
      case .verified: 3
      case .point: 2
      default: 4
      }
    }
    try fixture.finish(&list)
    #expect(list.decision.verifiedRatio == 0.75 && list.decision.winner?.race?.timeRatio == 0.5)
    let verified = fixture.done.filter { if case .answer(_, .verified) = $0 { true } else { false } }
    #expect(verified.count == split.heldOut.count)
  }

  /// In company the cost model says what a policy takes: of 4 layers and a choice, as much, one layer and a choice less.
  @Test func inCompanyTheCostModelCompares() throws {
    var (fixture, list) = (WorkFixture(), try work([.entropyLogits], clients: [16]))
    fixture.seconds = { _, decoding in if case .point = decoding { 7 } else { 4 } }
    fixture.depth = { _ in 3 }
    try fixture.finish(&list)
    #expect(list.decision.verifiedRatio == nil)
    let ratio = try #require(list.decision.winner?.race?.timeRatio)
    // 3 layers and a question at each exit that is asked, of a second each, of 5 seconds.
    #expect([0.8, 1].contains(ratio))
  }

  /// The list is plain data: a group a prompt, full depth first, candidates taking turns.
  @Test func trialsTakeTurns() throws {
    var list = try work([.entropyLogits, .marginLogits])
    let trial = try #require(try list.next(TraceRecords()))
    #expect(trial.stage == "trial 1 of 2")
    // The last point whose pilot risk is at most .2.
    let points = [TracedDecoding.point(.entropyLogits, 4), .point(.marginLogits, 4)]
    let orders = [[0, 1], [1, 0], [0, 1]]
    let expected = zip(split.pilot, orders).map { prompt, order in
      [CalibrationTask.answer(prompt: prompt, .fullAgain)]
        + order.map { .answer(prompt: prompt, points[$0]) }
    }
    #expect(trial == TaskList(stage: "trial 1 of 2", groups: expected))
  }

  @Test func theFirstFailureEndsTheTestAndThePointBeforeItIsCertified() throws {
    let certifying = Set(split.certifying)
    var fixture = WorkFixture()
    // Trials see nine tenths of what the pilot estimated; certifying prompts lose everything from point 3 on.
    fixture.loss = { prompt, decoding in
      guard case .point(_, let point) = decoding else { return 0 }
      return certifying.contains(prompt) ? (point < 3 ? 0 : 1) : 0.9 * Double(point) / 20
    }
    var list = try work([.entropyLogits])
    try fixture.finish(&list)
    let outcome = list.candidates[0]
    #expect(abs(outcome.riskScale - 0.9) < 1e-9)
    #expect(outcome.testedPoints.map(\.point) == [1, 2, 3])
    #expect(outcome.testedPoints.map(\.passed) == [true, true, false])
    #expect(outcome.certified == 1 && list.decision.point == 2)
    // The last of four points is not even asked for; the winner's answers are gathered.
    #expect(tested(.entropyLogits, fixture) == [1, 2, 3, 2])
  }

  @Test func aTestThatCannotPassIsBrokenOff() throws {
    var fixture = WorkFixture()
    fixture.loss = { _, _ in 1 }
    var list = try work([.entropyLogits])
    try fixture.finish(&list)
    #expect(list.candidates[0].verdict == .refused && list.decision.winner == nil)
    #expect(list.candidates[0].testedPoints.count == 1)
    #expect(list.candidates[0].testedPoints[0].promptCount < split.certifying.count / 2)
    // Nobody passed, so nobody races.
    #expect(!fixture.stages.contains("held-out prompts"))
    #expect(list.decision.guarantee == nil && list.decision.answers.isEmpty)
  }

  @Test func onlyTheFastestOnTrialAreTestedAndShareDelta() throws {
    let times: [Candidate: Double] = [.entropyLogits: 0.9, .marginLogits: 0.6, .saturation: 0.7, .fixed: 1.2]
    var fixture = WorkFixture()
    fixture.seconds = { _, decoding in
      if case .point(let candidate, _) = decoding { times[candidate] ?? 1 } else { 1 }
    }
    var list = try work([.entropyLogits, .marginLogits, .saturation, .fixed])
    try fixture.finish(&list)
    #expect(list.candidates.map(\.verdict) == [.untested, .chosen, .slower, .untested])
    #expect(list.decision.winner?.candidate == .marginLogits)
    #expect(
      list.decision.guarantee?.method == "learn-then-test, betting, delta shared by 2 candidates")
    #expect(tested(.entropyLogits, fixture).isEmpty && tested(.fixed, fixture).isEmpty)
  }

  @Test func fullDepthWinsWhereAllThatPassAreSlowerInTheRace() throws {
    let heldOut = Set(split.heldOut)
    var fixture = WorkFixture()
    // Fast on trial, slow in the race.
    fixture.seconds = { prompt, decoding in
      if case .point = decoding { heldOut.contains(prompt) ? 2 : 0.5 } else { 1 }
    }
    var list = try work([.entropyLogits, .marginLogits])
    try fixture.finish(&list)
    #expect(list.candidates.map(\.verdict) == [.slowerThanFull, .slowerThanFull])
    #expect(list.decision.winner == nil)
    // A single candidate is what was asked for.
    var (other, alone) = (WorkFixture(), try work([.entropyLogits]))
    other.seconds = fixture.seconds
    try other.finish(&alone)
    #expect(alone.candidates[0].verdict == .chosen)
  }

  @Test func aPathWithoutPointsIsHopeless() throws {
    var (fixture, list) = (WorkFixture(), try work([.entropyLogits], points: 0))
    try fixture.finish(&list)
    #expect(fixture.done.isEmpty)
    #expect(list.candidates[0].verdict == .hopeless && list.decision.winner == nil)
  }

  /// The same records lead to the same work, whoever did it and however often it was begun again.
  @Test func theWorkIsAFunctionOfTheRecords() throws {
    var (fixture, list) = (WorkFixture(), try work([.entropyLogits, .marginLogits]))
    fixture.seconds = { _, decoding in if case .point = decoding { 0.5 } else { 1 } }
    fixture.loss = { prompt, _ in prompt.isMultiple(of: 9) ? 0.5 : 0 }
    try fixture.finish(&list)
    for count in [0, 1, 7, 30, fixture.records.all.count] {
      var resumed = WorkFixture(Array(fixture.records.all.prefix(count)))
      (resumed.seconds, resumed.loss) = (fixture.seconds, fixture.loss)
      var again = try work([.entropyLogits, .marginLogits])
      try resumed.finish(&again)
      #expect(resumed.records.all == fixture.records.all)
      #expect(resumed.done == fixture.done)
      #expect(again.decision.point == list.decision.point)
      #expect(again.decision.guarantee == list.decision.guarantee)
    }
  }
}
