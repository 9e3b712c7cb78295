import Foundation
import RouterCheckpoint
import RouterModel
import RouterTensor
import RouterTestSupport
import RouterTraining
import Testing

/// Tuning of models whose exits have adapters.
@Suite struct AdaptedTuningTests {
  private static func tiny(_ kind: ExitAdapterKind = .linear) throws -> TinyModel {
    var tiny = try TinyModel.biased()
    tiny.adapterKind = kind
    return tiny
  }

  private func isOfAdapter(_ tensor: Tuner.Tensor) -> Bool { TensorName.isOfAdapter(tensor.name) }

  /// Mean cross-entropy of each exit on texts, by the inference path.
  private func crossEntropies(_ model: LlamaModel, _ texts: [TrainingDocument]) throws -> [Float] {
    let vocabulary = model.configuration.vocabularySize
    let logits = AlignedBuffer(floats: 64 * vocabulary)
    var sums = model.exits.map { _ in 0.0 }
    for text in texts {
      let session = try InferenceSession(model: model, capacity: text.tokens.count)
      try session.begin(text.tokens[...])
      for (index, exit) in model.exits.enumerated() {
        session.advance(to: exit)
        session.logits(rows: 0..<text.tokens.count, into: logits.floats)
        for position in text.scored {
          let row = (0..<vocabulary).map { Double(logits.floats[(position - 1) * vocabulary + $0]) }
          let largest = row.max() ?? 0
          let partition = row.reduce(0) { $0 + exp($1 - largest) }
          sums[index] += largest + log(partition) - row[Int(text.tokens[position])]
        }
      }
      session.commitFull()
    }
    let count = texts.reduce(0) { $0 + $1.scored.count }
    return sums.map { Float($0) / Float(count) }
  }

  /// The ways of training that keep different state.
  static let variants: [(name: String, ExitAdapterKind, change: @Sendable (inout TuningSettings) -> Void)] = [
    ("all weights", .linear, { _ in }),
    ("factors, distilled", .linear, { ($0.loraRank, $0.loss, $0.distillationShare) = (4, .distill, 1) }),
    ("heads", .linear, { $0.method = .ict }),
    ("factors, sampled vocabulary", .gated(inner: 20), { ($0.loraRank, $0.sampledVocabulary) = (4, 12) }),
    (
      "heads, bf16 moments, patience", .gated(inner: 20),
      { ($0.method, $0.bf16Moments, $0.patience, $0.evaluateEvery) = (.ict, true, 9, 2) }
    ),
  ]

  @Test(arguments: variants.indices) func aResumedRunEndsInTheSameBits(_ variant: Int) throws {
    let (_, kind, change) = Self.variants[variant]
    let directory = try TemporaryDirectory()
    let (texts, heldOut) = (try Texts.random(14), try Texts.random(3, name: "held out"))
    var settings = TuningSettings.brief()
    change(&settings)
    let model = try Self.tiny(kind).model()
    func tuner(_ state: String?) throws -> Tuner {
      try Tuner(model: model, documents: texts, heldOut: heldOut, settings: settings, statePath: state)
    }
    let whole = try tuner(nil)
    try whole.run { _ in true }
    struct Killed: Error {}
    let first = try tuner(directory.file("state"))
    #expect(throws: Killed.self) { try first.run { if $0.step == 5 { throw Killed() } else { true } } }
    let second = try tuner(directory.file("state"))
    #expect(second.step == 3)
    try second.run { _ in true }
    #expect(whole.tensors.filter(isOfAdapter).count == 2 * kind.parts(width: 32).count)
    for (a, b) in zip(whole.tensors, second.tensors) { #expect(a.values == b.values, "\(a.name)") }
    for tensor in whole.tensors {
      #expect(
        tensor.values != FixtureWeights.elements(of: tensor.name, count: tensor.values.count),
        "\(tensor.name)")
    }
  }

  @Test func theStateOfARunWithOtherAdaptersIsRefused() throws {
    let directory = try TemporaryDirectory()
    let texts = try Texts.random(6)
    func tuner(_ model: LlamaModel) throws -> Tuner {
      try Tuner(
        model: model, documents: texts, settings: TuningSettings.brief(), statePath: directory.file("state"))
    }
    try tuner(Self.tiny().model()).run { $0.step < 4 }
    for other in [try TinyModel.biased(), try Self.tiny(.gated(inner: 20))] {
      let error = #expect(throws: TrainingError.self) { try tuner(other.model()) }
      #expect(error?.code == .foreignFile)
    }
    let model = try Self.tiny().model()
    guard case .linear(_, let bias) = model.weights.adapters[1] else { throw CancellationError() }
    bias.floats[0] += 1
    #expect(throws: TrainingError.self) { try tuner(model) }
  }

  /// The tuner computes in f32 by its own passes, the reader by those of inference.
  @Test(arguments: variants.indices) func aWrittenCheckpointSaysWhatTheTunerSays(_ variant: Int) throws {
    let (_, kind, change) = Self.variants[variant]
    let directory = try TemporaryDirectory()
    try Self.tiny(kind).write(to: directory.file("base"))
    let base = try CheckpointReader(path: directory.file("base"))
    let matmul = Matmul(team: ThreadTeam(threadCount: 2), precision: .f32)
    var settings = TuningSettings.brief(steps: 4)
    change(&settings)
    let heldOut = try Texts.random(5, name: "held out")
    let tuner = try Tuner(
      model: try LlamaModel.load(from: base, matmul: matmul), documents: try Texts.random(9),
      heldOut: heldOut, settings: settings)
    try tuner.run { _ in true }
    let expected = try tuner.evaluate().map(\.crossEntropy)
    try TunedCheckpoint.write(
      to: directory.file("tuned"), base: base,
      tensors: tuner.tensors.map { .init(name: $0.name, shape: $0.shape, values: $0.values) },
      tuning: "a run", tool: "tests")
    let written = try CheckpointReader(path: directory.file("tuned"))
    let found = try crossEntropies(LlamaModel.load(from: written, matmul: matmul), heldOut)
    let before = try crossEntropies(LlamaModel.load(from: base, matmul: matmul), heldOut)
    #expect(expected.count == (settings.method == .ict ? 2 : 3))
    for (a, b) in zip(expected, found) { #expect(abs(a - b) < 2e-4, "\(expected) for \(found)") }
    #expect(abs(before[0] - found[0]) > 0.01)
  }

  @Test func exitsSpeakThroughTheirAdapters() throws {
    let texts = try Texts.random(4)
    for kind in [ExitAdapterKind.linear, .gated(inner: 20)] {
      let model = try Self.tiny(kind).model()
      let tuner = try Tuner(model: model, documents: texts, heldOut: texts, settings: TuningSettings.brief())
      let (own, found) = (try tuner.evaluate().map(\.crossEntropy), try crossEntropies(model, texts))
      for (a, b) in zip(own, found) { #expect(abs(a - b) < 2e-4) }
      let plain = try crossEntropies(TinyModel.biased().model(), texts)
      #expect(abs(plain[0] - own[0]) > 0.01 && plain[2] == found[2])
    }
  }

  @Test func everyMethodTunesTheAdaptersOfTheExitsThatItTrains() throws {
    let cases: [(TuningMethod, [Int]?, expected: [Int])] = [
      (.soft, nil, [1, 2]), (.soft, [2, 3], [2]), (.ict, nil, [1, 2]), (.ict, [1], [1]), (.sft, nil, []),
      (.extracted, nil, []),
    ]
    for (method, exits, expected) in cases {
      var settings = TuningSettings.brief(method, steps: 12)
      settings.exits = exits
      settings.extractedDepth = method == .extracted ? 2 : nil
      let tuner = try Tuner(
        model: try Self.tiny().model(), documents: try Texts.random(6), settings: settings)
      #expect(tuner.adaptedExits == expected)
      var steps: [TuningStep] = []
      try tuner.run {
        steps.append($0)
        return true
      }
      let adapted = tuner.tensors.filter(isOfAdapter).map(\.name)
      #expect(adapted.count == 2 * expected.count)
      #expect(tuner.tensors.contains { $0.name.hasSuffix("head.weight") } == (method == .ict))
      for (first, last) in zip(steps[0].losses, steps[11].losses) {
        #expect(last.crossEntropy < first.crossEntropy - 0.1, "\(method) at exit \(first.exit)")
      }
    }
  }

  @Test func adaptersMayLearnAtAnotherRate() throws {
    func tuner(_ rate: Float) throws -> Tuner {
      var settings = TuningSettings.brief(steps: 3)
      (settings.adapterRate, settings.loraRank) = (rate, 4)
      let tuner = try Tuner(
        model: try Self.tiny().model(), documents: try Texts.random(6), settings: settings)
      try tuner.run { _ in true }
      return tuner
    }
    /// How far the adapters have come, and the rest.
    func distances(_ tuner: Tuner) -> (adapters: Float, rest: Float) {
      func distance(_ tensors: [Tuner.Tensor]) -> Float {
        tensors.reduce(0) { sum, tensor in
          zip(tensor.values, FixtureWeights.elements(of: tensor.name, count: tensor.values.count))
            .reduce(sum) { $0 + abs($1.0 - $1.1) }
        }
      }
      return (
        distance(tuner.tensors.filter(isOfAdapter)), distance(tuner.tensors.filter { !isOfAdapter($0) })
      )
    }
    let (still, slow, usual) = try (distances(tuner(0)), distances(tuner(0.25)), distances(tuner(1)))
    #expect(still.adapters == 0 && still.rest > 0)
    #expect(slow.adapters > 0.15 * usual.adapters && slow.adapters < 0.4 * usual.adapters)
  }

  /// The original is at full depth: at no step may its own exits' adapters matter to the teacher.
  @Test func theTeacherIsTheOriginalsFullDepth() throws {
    var settings = TuningSettings.brief()
    (settings.loss, settings.distillationShare) = (.distill, 1)
    let texts = try Texts.random(4)
    let tuner = try Tuner(
      model: try Self.tiny().model(), documents: texts, heldOut: texts, settings: settings)
    let start = try tuner.evaluate().compactMap(\.divergence)
    #expect(start.count == 3 && start[0] > 0.01 && start[1] > 0.01 && abs(start[2]) < 1e-5)
    try tuner.run { _ in true }
    let end = try tuner.evaluate().compactMap(\.divergence)
    #expect(end[0] < start[0] && end[1] < start[1] && end[2] > start[2])
  }
}
