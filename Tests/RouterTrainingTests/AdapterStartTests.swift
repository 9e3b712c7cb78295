import Foundation
import RouterCheckpoint
import RouterModel
import RouterTensor
import RouterTestSupport
import RouterTraining
import Testing

/// Runs that start from adapters, and runs that go on with another learning rate.
@Suite struct AdapterStartTests {
  private let directory: TemporaryDirectory
  private let model: LlamaModel
  private let cache: StateCache
  private let metadata: CheckpointMetadata

  init() throws {
    directory = try TemporaryDirectory()
    let tiny = try TinyModel.biased()
    model = tiny.model()
    let path = directory.file("states")
    try StateExtraction(model: model, fingerprint: "tiny", topCount: 4).run(try Texts.random(24), into: path)
    cache = try StateCache(path: path)
    metadata = try Self.metadata(tiny, name: "tiny")
  }

  private static func metadata(_ tiny: TinyModel, name: String) throws -> CheckpointMetadata {
    try CheckpointMetadata(
      name: name, configuration: tiny.configuration, exits: tiny.exits, tokenizer: "{}", quantization: "f32",
      provenance: Provenance(source: "fixture", tool: "tests"))
  }

  private func settings(_ kind: ExitAdapterKind = .linear, steps: Int = 8) -> AdapterSettings {
    AdapterSettings(
      kind: kind, steps: steps, batchTokens: 32, learningRate: 0.01, warmupSteps: 2,
      vocabulary: .sampled(teacherTop: 4, frequent: 3, random: 10), checkpointEvery: 3)
  }

  private func adapters(_ kind: ExitAdapterKind, exits: [Int] = [1, 2], name: String = "first")
    -> ExitAdapters
  {
    let count = exits.count * kind.parameterCount(width: 32)
    return ExitAdapters(
      kind: kind, exits: exits, width: 32, values: FixtureWeights.units(name, count: count).map { $0 * 0.05 })
  }

  private func write(
    _ adapters: ExitAdapters, _ name: String, encoding: WeightEncoding = .f32
  ) throws -> String {
    let path = directory.file(name)
    try AdapterFile.write(
      to: path,
      record: AdapterRecord(
        kind: adapters.kind, exits: adapters.exits, base: metadata, fingerprint: "tiny", tuning: "test",
        license: nil),
      tensors: adapters.tensors.map { .init(name: $0.name, shape: $0.shape, values: $0.values) },
      base: metadata, tool: "tests", encoding: encoding)
    return path
  }

  private func read(
    _ path: String, _ kind: ExitAdapterKind = .linear, fingerprint: String = "tiny"
  ) throws -> ExitAdapters {
    try ExitAdapters(
      startingFrom: AdapterFile(path: path), kind: kind, exits: [1, 2], metadata: metadata,
      fingerprint: fingerprint)
  }

  @Test(arguments: [ExitAdapterKind.linear, .gated(inner: 32)])
  func aRunStartsFromTheNumbersOfAFile(_ kind: ExitAdapterKind) throws {
    let first = adapters(kind)
    let initial = try read(write(first, "adapter"), kind)
    #expect(initial == first)
    let trainer = try AdapterTrainer(model: model, cache: cache, settings: settings(kind), initial: initial)
    #expect(trainer.adapters == first)
    try trainer.run { _ in true }
    let fresh = try AdapterTrainer(model: model, cache: cache, settings: settings(kind))
    try fresh.run { _ in true }
    #expect(trainer.adapters != first && trainer.adapters != fresh.adapters)
  }

  /// q8 keeps 7 bits of the largest of each 32.
  @Test func aFileInEightBitsIsNearlyTheSame() throws {
    let first = adapters(.linear)
    let initial = try read(write(first, "adapter", encoding: .q8))
    #expect(initial != first)
    for (a, b) in zip(initial.values, first.values) { #expect(abs(a - b) < 0.05 / 127) }
  }

  @Test func aResumedRunThatStartedFromAdaptersEndsInTheSameBits() throws {
    struct Killed: Error {}
    let initial = adapters(.linear)
    func trainer(_ state: String?) throws -> AdapterTrainer {
      try AdapterTrainer(
        model: model, cache: cache, settings: settings(), initial: initial, statePath: state)
    }
    let whole = try trainer(nil)
    try whole.run { _ in true }
    let state = directory.file("run")
    #expect(throws: Killed.self) {
      try trainer(state).run { if $0.step == 5 { throw Killed() } else { true } }
    }
    let rest = try trainer(state)
    #expect(rest.step == 3)
    try rest.run { _ in true }
    #expect(rest.adapters == whole.adapters)
  }

  @Test func theRestOfARunThatStartedElsewhereIsRefused() throws {
    let state = directory.file("run")
    try AdapterTrainer(
      model: model, cache: cache, settings: settings(), initial: adapters(.linear), statePath: state
    ).run { $0.step < 3 }
    for other in [nil, adapters(.linear, name: "second")] {
      let error = #expect(throws: TrainingError.self) {
        try AdapterTrainer(model: model, cache: cache, settings: settings(), initial: other, statePath: state)
      }
      #expect(error?.code == .foreignFile && error?.location == state)
      #expect(error?.what.contains("started from other adapters") == true)
    }
  }

  @Test func adaptersThatDoNotFitAreRefused() throws {
    func code(_ path: String, _ kind: ExitAdapterKind = .linear) -> TrainingError.Code? {
      let error = #expect(throws: TrainingError.self) { try read(path, kind) }
      #expect(error?.location == path)
      return error?.code
    }
    let good = try write(adapters(.linear), "good")
    #expect(code(good, .gated(inner: 32)) == .foreignFile)
    #expect(code(try write(adapters(.gated(inner: 32)), "gated"), .gated(inner: 64)) == .foreignFile)
    #expect(code(try write(adapters(.linear, exits: [1]), "few")) == .foreignFile)
    var values = adapters(.linear).values
    values[40] = .nan
    let spoilt = ExitAdapters(kind: .linear, exits: [1, 2], width: 32, values: values)
    #expect(code(try write(spoilt, "spoilt")) == .corruptFile)
    let other = #expect(throws: CheckpointError.self) { try read(good, fingerprint: "another") }
    #expect(other?.code == .invalidRequest && other?.location.file == good)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: good))
    for count in [0, 100, bytes.count / 2, bytes.count - 1] {
      let cut = directory.file("cut")
      try bytes.prefix(count).write(to: URL(fileURLWithPath: cut))
      let error = #expect(throws: CheckpointError.self) { try read(cut) }
      #expect(error?.location.file == cut)
    }
  }

  @Test func theRestOfARunMayHaveAnotherLearningRate() throws {
    let state = directory.file("run")
    func trainer(_ rate: Float) throws -> AdapterTrainer {
      var settings = settings()
      settings.learningRate = rate
      return try AdapterTrainer(model: model, cache: cache, settings: settings, statePath: state)
    }
    try trainer(0.01).run { $0.step < 3 }
    #expect(try trainer(0.01).pastLearningRates.isEmpty)
    try trainer(0.002).run { $0.step < 5 }
    let rest = try trainer(0.001)
    #expect(rest.step == 5)
    #expect(
      rest.pastLearningRates == [
        PastLearningRate(lastStep: 3, learningRate: 0.01), PastLearningRate(lastStep: 5, learningRate: 0.002),
      ])
    try rest.run { _ in true }
    #expect(rest.step == 8)
  }

  @Test func aLossThatIsNoNumberLeavesNoState() throws {
    let huge = ExitAdapters(
      kind: .linear, exits: [1, 2], width: 32,
      values: [Float](
        repeating: .greatestFiniteMagnitude, count: 2 * ExitAdapterKind.linear.parameterCount(width: 32)))
    let state = directory.file("run")
    let trainer = try AdapterTrainer(
      model: model, cache: cache, settings: settings(), initial: huge, statePath: state)
    let error = #expect(throws: TrainingError.self) { try trainer.run { _ in true } }
    #expect(error?.code == .diverged && error?.remedy.contains("--lr") == true)
    #expect(!FileManager.default.fileExists(atPath: state))
  }
}
