import Foundation
import RouterCheckpoint
import RouterModel
import RouterTensor
import RouterTestSupport
import RouterTraining
import Testing

@Suite struct AdapterTrainerTests {
  private let directory: TemporaryDirectory
  private let model: LlamaModel
  private let cache: StateCache

  init() throws {
    directory = try TemporaryDirectory()
    model = try TinyModel.biased().model()
    cache = try Self.states(model, directory.file("states"), try Texts.random(24))
  }

  private static func states(
    _ model: LlamaModel, _ path: String, _ texts: [TrainingDocument]
  ) throws -> StateCache {
    try StateExtraction(model: model, fingerprint: "tiny", topCount: 4).run(texts, into: path)
    return try StateCache(path: path)
  }

  private func settings(_ kind: ExitAdapterKind = .linear, steps: Int = 12) -> AdapterSettings {
    AdapterSettings(
      kind: kind, steps: steps, batchTokens: 32, learningRate: 0.01, warmupSteps: 2, argmaxShare: 0.1,
      vocabulary: .sampled(teacherTop: 4, frequent: 3, random: 10), fullVocabularySteps: min(3, steps),
      checkpointEvery: 4)
  }

  private func train(_ settings: AdapterSettings, threads: Int = 2) throws -> ExitAdapters {
    let trainer = try AdapterTrainer(
      model: try TinyModel.biased().model(threads: threads), cache: cache, settings: settings)
    try trainer.run { _ in true }
    return trainer.adapters
  }

  @Test(arguments: [ExitAdapterKind.linear, .gated(inner: 16)])
  func adaptersBringExitsNearerToFullDepth(_ kind: ExitAdapterKind) throws {
    let adapters = try train(settings(kind, steps: 150))
    let before = try AdapterEvaluation(model: model).run(on: cache, adapters: nil)
    let after = try AdapterEvaluation(model: model).run(on: cache, adapters: adapters)
    #expect(after.exits == [1, 2, 3] && after.positions == cache.rowCount)
    for exit in 0..<2 { #expect(after.divergence[exit] < 0.7 * before.divergence[exit]) }
    #expect(after.oracleDepth < before.oracleDepth)
    #expect(before.crossEntropy[2] == after.crossEntropy[2])
  }

  @Test func fullDepthAgreesWithItself() throws {
    let report = try AdapterEvaluation(model: model).run(on: cache, adapters: nil)
    #expect(report.agreement[2] == 1 && report.divergence[2] == 0)
    #expect(report.agreement[0] < 1 && report.divergence[0] > 0)
    let depths = ["0.01", "0.02", "0.05", "0.1"].compactMap { report.meanDepth[$0] }
    #expect(depths.count == 4 && depths == depths.sorted(by: >))
  }

  @Test func aResumedRunEndsInTheSameBits() throws {
    struct Killed: Error {}
    let path = directory.file("run")
    for kind in [ExitAdapterKind.linear, .gated(inner: 8)] {
      try? FileManager.default.removeItem(atPath: path)
      let whole = try train(settings(kind))
      let first = try AdapterTrainer(model: model, cache: cache, settings: settings(kind), statePath: path)
      #expect(throws: Killed.self) { try first.run { if $0.step == 7 { throw Killed() } else { true } } }
      let second = try AdapterTrainer(model: model, cache: cache, settings: settings(kind), statePath: path)
      #expect(second.step == 4)
      try second.run { _ in true }
      #expect(second.adapters == whole)
    }
  }

  @Test func threadsChangeNoBit() throws {
    #expect(try train(settings(), threads: 1) == train(settings(), threads: 3))
  }

  @Test func statesThatCameLaterDoNotChangeARun() throws {
    let path = directory.file("growing")
    let texts = try Texts.random(24)
    let state = directory.file("run")
    let early = try Self.states(model, path, Array(texts.prefix(12)))
    let first = try AdapterTrainer(model: model, cache: early, settings: settings(), statePath: state)
    try first.run { $0.step < 6 }
    let later = try Self.states(model, path, texts)
    let second = try AdapterTrainer(model: model, cache: later, settings: settings(), statePath: state)
    try second.run { _ in true }
    let whole = try AdapterTrainer(model: model, cache: early, settings: settings())
    try whole.run { _ in true }
    #expect(second.adapters == whole.adapters)
  }

  @Test func tensorsAreNamedForTheCheckpoint() throws {
    let linear = try train(settings(steps: 2))
    #expect(
      linear.tensors.map(\.name)
        == [1, 2].flatMap {
          ["exits.\($0).adapter.linear.weight", "exits.\($0).adapter.linear.bias"]
        })
    #expect(linear.tensors.map(\.shape) == [[32, 32], [32], [32, 32], [32]])
    #expect(linear.tensors.flatMap(\.values) == linear.values)
  }

  @Test func anotherRunsStateOrModelIsRefused() throws {
    let path = directory.file("run")
    let trainer = try AdapterTrainer(model: model, cache: cache, settings: settings(), statePath: path)
    try trainer.run { $0.step < 3 }
    func code(_ model: LlamaModel, _ settings: AdapterSettings) -> TrainingError.Code? {
      #expect(throws: TrainingError.self) {
        try AdapterTrainer(model: model, cache: cache, settings: settings, statePath: path)
      }?.code
    }
    #expect(code(model, settings(.gated(inner: 8))) == .foreignFile)
    #expect(code(model, settings(steps: 13)) == .foreignFile)
    let other = try TinyModel.plain().model()
    #expect(code(other, settings()) == .foreignFile)
    var few = settings()
    few.batchTokens = cache.rowCount + 1
    #expect(code(model, few) == .unusableData)
    few.learningRate = -1
    #expect(code(model, few) == .invalidSettings)
  }
}
