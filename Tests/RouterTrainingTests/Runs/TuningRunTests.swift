import Foundation
import RouterCheckpoint
import RouterModel
import RouterTestSupport
import RouterTraining
import Synchronization
import Testing

/// A whole run from documents to a file, on a tiny model.
@Suite struct TuningRunTests {
  private let temporary: TemporaryDirectory
  private let tiny: TinyModel

  init() throws {
    temporary = try TemporaryDirectory()
    tiny = try TinyModel.biased()
    try tiny.write(to: temporary.file("model"))
  }

  private static func corpus(heldOut: Bool = true) throws -> TuningCorpus {
    func rows(_ count: Int, _ name: String) throws -> TuningCorpus.Rows {
      TuningCorpus.Rows(
        paths: [name], texts: try Texts.random(count, name: name).map { .init($0, cutCount: 0) })
    }
    return try TuningCorpus(rows(12, "data"), heldOut: heldOut ? rows(4, "held out") : nil, limit: 64)
  }

  private func plan(_ target: TuningPlan.Target) -> TuningPlan {
    var plan = TuningPlan(target)
    plan.steps = 6
    plan.batchTokens = 24
    plan.warmup = 2
    plan.sampledVocabulary = 20
    plan.checkpointEvery = 2
    plan.evaluateEvery = 3
    return plan
  }

  /// Runs `plan` in the directory `name`, until as many steps are done.
  private func run(
    _ plan: TuningPlan, in name: String, resuming: Bool = false, until last: Int = .max
  ) throws -> (outcome: TuningOutcome, events: [TuningEvent]) {
    let events = Events()
    let outcome = try TuningRun(
      model: tiny.model(), checkpoint: CheckpointReader(path: temporary.file("model")),
      corpus: Self.corpus(), directory: TuningDirectory(temporary.file(name), resuming: resuming), plan: plan,
      description: "a test", tool: "tests", out: temporary.file("\(name).out"),
      goesOn: { events.steps < last }, report: { events.add($0) }
    ).run()
    return (outcome, events.all)
  }

  /// What a run told.
  private final class Events: Sendable {
    private let events = Mutex<[TuningEvent]>([])

    var all: [TuningEvent] { events.withLock { $0 } }
    /// The last step that is done.
    var steps: Int {
      all.reduce(0) { if case .stepped(let progress) = $1 { progress.step } else { $0 } }
    }

    func add(_ event: TuningEvent) { events.withLock { $0.append(event) } }
  }

  private func bytes(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: temporary.file(name)))
  }

  private static let targets: [TuningPlan.Target] = [.adapters(.linear, initial: nil), .weights(.soft)]

  @Test(arguments: targets.indices) func aStoppedRunGoesOnToTheSameFile(_ target: Int) throws {
    let plan = plan(Self.targets[target])
    let whole = try run(plan, in: "whole").outcome
    #expect(whole.path == temporary.file("whole.out") && whole.steps == 6)
    #expect(Set(whole.losses.keys) == (target == 0 ? ["1", "2"] : ["1", "2", "3"]))
    let stopped = try run(plan, in: "parts", until: 4).outcome
    #expect(stopped.path == nil && stopped.steps == 4)
    #expect(!FileManager.default.fileExists(atPath: temporary.file("parts.out")))
    let rest = try run(plan, in: "parts", resuming: true).outcome
    #expect(rest.path != nil && rest.steps == 6 && rest.losses == whole.losses)
    #expect(try bytes("parts.out") == bytes("whole.out"))
  }

  @Test func aRunTellsWhatItDoes() throws {
    let (outcome, events) = try run(plan(Self.targets[0]), in: "run")
    let begun = events.compactMap { if case .began(let stage) = $0 { stage } else { nil } }
    let ended = events.compactMap { if case .ended(let stage) = $0 { stage } else { nil } }
    #expect(begun == [.readingTexts, .readingHeldOut, .tuning] && ended == begun)
    let steps = events.compactMap { if case .stepped(let progress) = $0 { progress } else { nil } }
    #expect(steps.map(\.step) == Array(1...6) && steps.allSatisfy { $0.losses.map(\.exit) == ["1", "2"] })
    #expect(outcome.before?.exits == [1, 2, 3] && outcome.after?.exits == [1, 2, 3])
    let curve = try #require(outcome.curve)
    #expect(FileManager.default.fileExists(atPath: curve))
  }

  @Test func tunedWeightsAreEvaluatedAndWritten() throws {
    let (outcome, events) = try run(plan(Self.targets[1]), in: "run")
    let begun = events.compactMap { if case .began(let stage) = $0 { stage } else { nil } }
    #expect(begun == [.tuning, .writing])
    #expect(outcome.heldOut.map { Set($0.keys) } == ["1", "2", "3"] && outcome.before == nil)
    let written = try CheckpointReader(path: try #require(outcome.path))
    #expect(written.metadata.exits == [1, 2, 3])
  }

  @Test func aResultThatCannotBeWrittenIsNotLost() throws {
    let plan = plan(Self.targets[1])
    try FileManager.default.createDirectory(
      atPath: temporary.file("run.out/child"), withIntermediateDirectories: true)
    let error = #expect(throws: TrainingError.self) { try run(plan, in: "run") }
    #expect(error?.remedy.contains("--resume") == true)
    try FileManager.default.removeItem(atPath: temporary.file("run.out"))
    #expect(try run(plan, in: "run", resuming: true).outcome.path == temporary.file("run.out"))
  }

  @Test func whatBecameOfRowsIsSaid() throws {
    let texts = try Texts.random(2)
    let rows = TuningCorpus.Rows(
      paths: ["a", "b"], texts: [.init(texts[0], cutCount: 3), nil, .init(texts[1], cutCount: 0)])
    let corpus = try TuningCorpus(rows, heldOut: nil, limit: 9)
    let tokens = texts.reduce(0) { $0 + $1.tokens.count }
    let answers = texts.reduce(0) { $0 + $1.scored.count }
    #expect(corpus.documents == texts && corpus.heldOut.isEmpty)
    #expect(
      corpus.notes == [
        "data: 2 texts, \(tokens) tokens, \(answers) of them in answers",
        "data: 1 texts cut off at 9 tokens, 3 tokens lost",
        "data: 1 rows left out, without an answer or too long",
      ])
    let error = #expect(throws: TrainingError.self) {
      try TuningCorpus(rows, heldOut: .init(paths: ["c", "d"], texts: [nil]), limit: 9)
    }
    #expect(error?.code == .unusableData && error?.location == "c, d")
  }

  @Test func whatIsNotGivenFollowsFromTheData() throws {
    var plan = TuningPlan(.weights(.soft))
    plan.epochs = 2
    plan.accumulation = 3
    let settings = plan.weightSettings(.soft, tokens: 30_720)
    #expect(settings.steps == 20 && settings.warmupSteps == 20 && settings.batchTokens == 1024)
    #expect(settings.learningRate == 2e-5 && settings.sampledVocabulary == nil)
  }
}
