import RouterCalibration
import RouterEvaluation
import RouterExit
import Testing

/// What is learned, as a list: which prompts are answered, read and trained on, given what is there.
struct LearningWorkTests {
  private let split: PromptSplit

  init() throws { split = try PromptSplit(promptCount: 12, pilot: 4, heldOut: 2, needed: 1, seed: 3) }

  private func settings(_ candidates: [Candidate]) -> CalibrationSettings {
    CalibrationSettings(candidates: candidates, goal: .risk(0.1), metric: .disagreement)
  }

  private func work(
    _ candidates: [Candidate], hasExits: Bool = true, _ records: TraceRecords = TraceRecords(),
    tokenLimit: Int = LearningWork.trainingTokens
  ) -> LearningWork {
    LearningWork(
      settings: settings(candidates), split: split, hasExits: hasExits, records: records,
      tokenLimit: tokenLimit)
  }

  private func pilotTasks(_ prompts: [Int], keepsStates: Bool) -> [CalibrationTask] {
    prompts.flatMap { [.answer(prompt: $0, .full), .pilot(prompt: $0, keepsStates: keepsStates)] }
  }

  @Test func candidatesThatLearnNothingNeedPilotsAndPaths() throws {
    var (fixture, list) = (WorkFixture(), work([.entropyLogits, .patience]))
    try fixture.finish(&list)
    #expect(fixture.stages == ["pilot prompts", "paths"])
    #expect(
      fixture.done == pilotTasks(split.pilot, keepsStates: false) + [
        .plan(.entropyLogits, pilots: split.pilot), .plan(.patience, pilots: split.pilot),
      ])
    #expect(list.pilots == split.pilot)
  }

  /// The pass that makes a pilot answer keeps its states, so no prompt is read twice: the states that are asked for
  /// afterwards have been kept.
  @Test func statesComeFromThePilotsOwnPass() throws {
    var (fixture, list) = (WorkFixture(), work([.probe, .entropyLogits, .mlp]))
    try fixture.finish(&list)
    #expect(
      fixture.stages == [
        "pilot prompts", "hidden states of the pilot prompts", "hidden states of the held-out prompts",
        "training probe", "training mlp", "paths",
      ])
    let states = split.pilot.map { CalibrationTask.states(prompt: $0) }
    let unseen = split.heldOut.flatMap { [CalibrationTask.answer(prompt: $0, .full), .states(prompt: $0)] }
    let training = [LearnedEstimator.Kind.probe, .mlp].map {
      CalibrationTask.train($0, on: split.pilot, judgedBy: split.heldOut)
    }
    let paths = [Candidate.probe, .entropyLogits, .mlp].map { CalibrationTask.plan($0, pilots: split.pilot) }
    #expect(
      fixture.done == pilotTasks(split.pilot, keepsStates: true) + states + unseen + training + paths)
  }

  /// Two tokens an answer: the second prompt fills a limit of three.
  @Test func promptsThatLearningHasNoRoomForAreLeftOut() throws {
    var (fixture, list) = (WorkFixture(), work([.probe], tokenLimit: 3))
    try fixture.finish(&list)
    #expect(list.pilots == Array(split.pilot.prefix(2)))
    #expect(fixture.done.contains(.train(.probe, on: list.pilots, judgedBy: split.heldOut)))
    #expect(fixture.done.contains(.plan(.probe, pilots: list.pilots)))
    // Nothing learns from the states of these, so they have no limit.
    var (other, all) = (WorkFixture(), work([.entropyLogits], tokenLimit: 3))
    try other.finish(&all)
    #expect(all.pilots == split.pilot)
  }

  @Test func whatIsRecordedIsNotAskedForAgain() throws {
    let pilots = try split.pilot.map { TraceRecord.pilot(try WorkFixture.pilot($0)) }
    let probe = TraceRecord.estimator(try WorkFixture.estimator(.probe))
    // An estimator is missing: states are read anew.
    var fixture = WorkFixture(pilots + [probe])
    var list = work([.probe, .mlp], fixture.records)
    try fixture.finish(&list)
    #expect(fixture.done.contains(.states(prompt: split.pilot[0])))
    #expect(!fixture.done.contains(.train(.probe, on: split.pilot, judgedBy: split.heldOut)))
    #expect(fixture.done.contains(.train(.mlp, on: split.pilot, judgedBy: split.heldOut)))
    // All are there: no states.
    fixture = WorkFixture(pilots + [probe, .plan(WorkFixture.plan(.probe))])
    list = work([.probe], fixture.records)
    try fixture.finish(&list)
    #expect(fixture.stages == ["pilot prompts", "paths"])
    #expect(fixture.done == pilotTasks(split.pilot, keepsStates: false))
  }

  @Test func aModelWithoutExitsTrainsNothing() throws {
    var (fixture, list) = (WorkFixture(), work([.probe], hasExits: false))
    try fixture.finish(&list)
    #expect(fixture.stages == ["pilot prompts", "paths"])
  }
}
