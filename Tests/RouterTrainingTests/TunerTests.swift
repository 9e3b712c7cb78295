import Foundation
import RouterModel
import RouterTensor
import RouterTestSupport
import RouterTraining
import Testing

@Suite struct TunerTests {
  private func run(_ tuner: Tuner, until last: Int = .max) throws -> [TuningStep] {
    var steps: [TuningStep] = []
    try tuner.run {
      steps.append($0)
      return $0.step < last
    }
    return steps
  }

  @Test(arguments: TrainingReference.all) func tenStepsAreThoseOfPyTorch(_ reference: TrainingReference)
    throws
  {
    let tuner = try Tuner(
      model: try reference.model().model(), documents: try reference.texts, settings: reference.settings)
    let steps = try run(tuner)
    let share = reference.distillationShare
    for (step, (loss, norm)) in zip(steps, zip(reference.losses, reference.norms)) {
      let found = step.losses.reduce(0) { $0 + (1 - share) * $1.crossEntropy + share * ($1.divergence ?? 0) }
      let mean = Double(found) / Double(reference.exits.count)
      #expect(abs(mean - loss) < 2e-4 * loss, "step \(step.step): \(mean) for \(loss)")
      #expect(abs(Double(step.gradientNorm) - norm) < 1e-3 * norm, "step \(step.step)")
    }
    for tensor in tuner.tensors {
      let expected = try #require(reference.weights[tensor.name])
      for (a, b) in zip(TrainingReference.probes(tensor.values), expected) {
        #expect(abs(a - b) < 5e-4, "\(tensor.name): \(a) for \(b)")
      }
    }
  }

  /// The ways of training that keep different state.
  static let variants: [(name: String, change: @Sendable (inout TuningSettings) -> Void)] = [
    ("all weights", { _ in }),
    ("low-rank factors", { $0.loraRank = 4 }),
    ("heads", { $0.method = .ict }),
    ("bf16 moments", { $0.bf16Moments = true }),
    ("sampled exits", { $0.loss = .sampled }),
    ("distilled, accumulated", { ($0.loss, $0.accumulation) = (.distill, 2) }),
    ("sampled vocabulary", { $0.sampledVocabulary = 12 }),
    ("with patience", { ($0.patience, $0.evaluateEvery) = (9, 2) }),
  ]

  @Test(arguments: variants.indices) func aResumedRunEndsInTheSameBits(_ variant: Int) throws {
    let directory = try TemporaryDirectory()
    let texts = try Texts.random(14)
    var settings = TuningSettings.brief()
    Self.variants[variant].change(&settings)
    let heldOut = try Texts.random(3, name: "held out")
    func tuner(_ state: String?) throws -> Tuner {
      try Tuner(
        model: try TinyModel.plain().model(), documents: texts, heldOut: heldOut, settings: settings,
        statePath: state)
    }
    let whole = try tuner(nil)
    _ = try run(whole)
    // The first part ends as a kill does: steps 4 and 5 come after the last state and are lost.
    struct Killed: Error {}
    let first = try tuner(directory.file("state"))
    #expect(throws: Killed.self) { try first.run { if $0.step == 5 { throw Killed() } else { true } } }
    let second = try tuner(directory.file("state"))
    #expect(second.step == 3)
    _ = try run(second, until: 6)
    let third = try tuner(directory.file("state"))
    #expect(third.step == 6)
    _ = try run(third)
    for (a, b) in zip(whole.tensors, third.tensors) { #expect(a.values == b.values, "\(a.name)") }
  }

  @Test func lowRankFactorsStartAsTheModelItself() throws {
    var settings = TuningSettings.brief()
    settings.loraRank = 4
    let model = try TinyModel.plain().model()
    let tuner = try Tuner(model: model, documents: try Texts.random(4), settings: settings)
    let tensors = tuner.tensors
    #expect(tensors.count == 2 * 7)
    for tensor in tensors {
      #expect(
        tensor.values == FixtureWeights.elements(of: tensor.name, count: tensor.values.count),
        "\(tensor.name)")
    }
    _ = try run(tuner)
    #expect(
      tuner.tensors.allSatisfy { $0.values != FixtureWeights.elements(of: $0.name, count: $0.values.count) })
  }

  @Test func everyMethodLowersTheLossOfWhatItTrains() throws {
    for method in TuningMethod.allCases {
      var settings = TuningSettings.brief(method, steps: 30)
      settings.extractedDepth = method == .extracted ? 1 : nil
      let tuner = try Tuner(
        model: try TinyModel.plain().model(), documents: try Texts.random(6), settings: settings)
      let steps = try run(tuner)
      let expected: [Int] =
        switch method {
        case .sft: [2]
        case .soft: [1, 2]
        case .ict, .extracted: [1]
        }
      #expect(steps[0].losses.map(\.exit) == expected)
      for (first, last) in zip(steps[0].losses, steps[29].losses) {
        #expect(last.crossEntropy < first.crossEntropy - 0.2, "\(method) at exit \(first.exit)")
      }
    }
  }

  @Test func anExtractedModelHasOnlyItsLayers() throws {
    var settings = TuningSettings.brief(.extracted)
    settings.extractedDepth = 1
    let tuner = try Tuner(
      model: try TinyModel.plain().model(), documents: try Texts.random(3), settings: settings)
    #expect(tuner.tensors.allSatisfy { !$0.name.contains("layers.1.") })
    #expect(tuner.tensors.contains { $0.name.contains("layers.0.") })
  }

  @Test func headsOfTheirOwnLeaveTheTrunkAlone() throws {
    let tuner = try Tuner(
      model: try TinyModel.biased().model(), documents: try Texts.random(3),
      settings: TuningSettings.brief(.ict))
    #expect(tuner.tensors.map(\.name) == ["exits.1.head.weight", "exits.2.head.weight"])
  }

  @Test func depthWeightsFavourDeepExits() {
    var settings = TuningSettings.brief()
    settings.loss = .weighted
    #expect(settings.weights(of: [1, 3], step: 0) == [0.25, 0.75])
    settings.loss = .sampled
    let drawn = (0..<64).map { settings.weights(of: [1, 2, 3], step: $0) }
    #expect(drawn.allSatisfy { $0.reduce(0, +) == 1 && $0.contains(1) })
    #expect(Set(drawn).count == 3)
  }

  @Test func aLossThatIsNoNumberStopsAndKeepsTheLastState() throws {
    let directory = try TemporaryDirectory()
    let texts = try Texts.random(6)
    func tuner() throws -> Tuner {
      try Tuner(
        model: try TinyModel.plain().model(), documents: texts, settings: TuningSettings.brief(),
        statePath: directory.file("state"))
    }
    let spoilt = try tuner()
    let error = #expect(throws: TrainingError.self) {
      try spoilt.run {
        if $0.step == 4 { spoilt.optimiser.values.floats[0] = .nan }
        return true
      }
    }
    #expect(error?.code == .diverged)
    let rest = try tuner()
    #expect(rest.step == 3)
    #expect(rest.tensors.allSatisfy { $0.values.allSatisfy(\.isFinite) })
  }

  @Test func weightsThatAreNoNumbersAreNotWritten() throws {
    let directory = try TemporaryDirectory()
    let spoilt = try Tuner(
      model: try TinyModel.plain().model(), documents: try Texts.random(6), settings: TuningSettings.brief(),
      statePath: directory.file("state"))
    let error = #expect(throws: TrainingError.self) {
      try spoilt.run {
        if $0.step == 3 { spoilt.optimiser.values.floats[0] = .infinity }
        return true
      }
    }
    #expect(error?.code == .diverged)
    #expect(!FileManager.default.fileExists(atPath: directory.file("state")))
  }

  @Test func theRestOfARunMayHaveAnotherLearningRate() throws {
    let directory = try TemporaryDirectory()
    func tuner(_ rate: Float) throws -> Tuner {
      var settings = TuningSettings.brief()
      settings.learningRate = rate
      return try Tuner(
        model: try TinyModel.plain().model(), documents: try Texts.random(6), settings: settings,
        statePath: directory.file("state"))
    }
    _ = try run(tuner(0.01), until: 4)
    let rest = try tuner(0.001)
    #expect(rest.step == 4)
    #expect(rest.pastLearningRates == [PastLearningRate(lastStep: 4, learningRate: 0.01)])
    #expect(try run(rest).map(\.step) == [5, 6, 7, 8])
    #expect(try tuner(0.001).pastLearningRates == rest.pastLearningRates)
  }

  @Test func trainingStopsWhenHeldOutLossesRise() throws {
    var settings = TuningSettings.brief(steps: 200)
    settings.patience = 2
    settings.evaluateEvery = 5
    settings.learningRate = 0.03
    let tuner = try Tuner(
      model: try TinyModel.plain().model(), documents: try Texts.random(4),
      heldOut: try Texts.random(4, name: "other"), settings: settings)
    let steps = try run(tuner)
    let last = try #require(steps.last)
    #expect(last.stopsEarly && last.step < 200)
    let held = steps.compactMap { $0.heldOut.map { $0.reduce(0) { $0 + $1.crossEntropy } } }
    let now = try tuner.evaluate().reduce(0) { $0 + $1.crossEntropy }
    #expect(abs(now - (held.min() ?? 0)) < 1e-5)
  }

  @Test func aStateOfAnotherRunIsRefused() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("state")
    let texts = try Texts.random(6)
    let model = try TinyModel.plain().model()
    _ = try run(Tuner(model: model, documents: texts, settings: TuningSettings.brief(), statePath: path))
    var other = TuningSettings.brief()
    other.weightDecay = 0.02
    func code(
      _ texts: [TrainingDocument], _ settings: TuningSettings, _ other: LlamaModel? = nil
    ) throws -> TrainingError.Code? {
      #expect(throws: TrainingError.self) {
        try Tuner(model: other ?? model, documents: texts, settings: settings, statePath: path)
      }?.code
    }
    #expect(try code(texts, other) == .foreignFile)
    #expect(try code(Array(texts.dropLast()), TuningSettings.brief()) == .foreignFile)
    let otherModel = try TinyModel.plain().model()
    otherModel.weights.finalNorm.floats[0] += 1
    #expect(try code(texts, TuningSettings.brief(), otherModel) == .foreignFile)
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    for count in [0, 5, 200, bytes.count / 2, bytes.count - 1] {
      try bytes.prefix(count).write(to: URL(fileURLWithPath: path))
      #expect(try code(texts, TuningSettings.brief()) == .corruptFile)
    }
    var flipped = bytes
    flipped[bytes.count / 2] ^= 1
    try flipped.write(to: URL(fileURLWithPath: path))
    #expect(try code(texts, TuningSettings.brief()) == .corruptFile)
  }

  @Test func unusableTextsAndSettingsAreRefused() throws {
    let model = try TinyModel.plain().model()
    func code(_ documents: [TrainingDocument], _ change: (inout TuningSettings) -> Void) -> TrainingError
      .Code?
    {
      var changed = TuningSettings.brief()
      change(&changed)
      return #expect(throws: TrainingError.self) {
        try Tuner(model: model, documents: documents, settings: changed)
      }?.code
    }
    let good = try Texts.random(2)
    #expect(code([], { _ in }) == .unusableData)
    #expect(code([try TrainingDocument(tokens: [1, 67], scored: 1..<2)], { _ in }) == .unusableData)
    #expect(code(good, { $0.patience = 1 }) == .unusableData)
    #expect(code(good, { $0.learningRate = .nan }) == .invalidSettings)
    #expect(code(good, { $0.steps = 0 }) == .invalidSettings)
    #expect(code(good, { $0.exits = [2, 1] }) == .unknownExit)
    #expect(code(good, { $0.method = .extracted }) == .unknownExit)
    #expect(code(good, { ($0.method, $0.loraRank) = (.ict, 4) }) == .invalidSettings)
    #expect(throws: TrainingError.self) { try TrainingDocument(tokens: [1, 2], scored: 0..<1) }
  }
}
