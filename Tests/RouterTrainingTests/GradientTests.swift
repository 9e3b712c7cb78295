import RouterCheckpoint
import RouterModel
import RouterRandom
import RouterTensor
import RouterTestSupport
import RouterTraining
import Testing

@Suite struct GradientTests {
  /// Loss and gradients of all weights of a model on some texts.
  struct Problem {
    /// One tensor in the block of weights.
    struct Parameter {
      let name: String
      let range: Range<Int>
    }

    let layout: ParameterLayout
    /// The layout's, then those of the adapters.
    let parameters: [Parameter]
    let weights: AlignedBuffer
    let gradients: AlignedBuffer
    let objective: TuningObjective
    let batch: PackedBatch
    let parts: [TuningObjective.Part]

    init(
      _ tiny: TinyModel, _ texts: [TrainingDocument], share: Float = 0,
      memory: TrunkPass.Memory = .everything,
      threads: Int = 2
    ) {
      let model = tiny.model(threads: threads)
      layout = ParameterLayout(TensorTable(tiny.configuration), layerCount: tiny.configuration.layerCount)
      let adapters = AdapterLayout(
        model.weights.adapters, exits: tiny.exits, width: tiny.configuration.width, start: layout.count)
      let count = layout.count + (adapters?.count ?? 0)
      weights = AlignedBuffer(floats: count)
      gradients = AlignedBuffer(floats: count)
      ModelWeights.copy(model, layout: layout, into: weights)
      var parameters = layout.parameters.map { Parameter(name: $0.entry.name, range: $0.range) }
      var end = layout.count
      for exit in adapters?.exits ?? [] {
        for part in adapters?.kind.parts(width: tiny.configuration.width) ?? [] {
          let name = TensorName.adapter(exit: exit, part.name)
          let values = FixtureWeights.elements(of: name, count: part.shape.reduce(1, *))
          (weights.floats + end).update(from: values, count: values.count)
          parameters.append(Parameter(name: name, range: end..<end + values.count))
          end += values.count
        }
      }
      self.parameters = parameters
      batch = PackedBatch(texts)
      objective = TuningObjective(
        layout: layout, weights: weights, trained: .weights(gradients: gradients), adapters: adapters,
        exitCount: tiny.exits.count, capacity: batch.rowCount, memory: memory,
        original: share > 0 ? (model, share) : nil,
        team: model.matmul.team)
      let scale = 1 / Float(tiny.exits.count * batch.scoredRows.count)
      parts = tiny.exits.enumerated().map { .init(exit: $1, index: $0, weight: scale) }
    }

    /// Adds gradients; returns the mean cross-entropy of exits and rows.
    @discardableResult
    func run() throws -> Double {
      let outcomes = try objective.run(batch, parts: parts, withGradients: true)
      return outcomes.reduce(0) { $0 + Double($1.crossEntropy) } * Double(parts[0].weight)
    }

    /// The mean cross-entropy with `parameter` moved by `step` along `direction`.
    func loss(_ parameter: Parameter, along direction: [Float], _ step: Float) throws -> Double {
      let values = weights.floats + parameter.range.lowerBound
      let old = Array(UnsafeBufferPointer(start: values, count: parameter.range.count))
      for i in old.indices { values[i] += step * direction[i] }
      defer { for i in old.indices { values[i] = old[i] } }
      let outcomes = try objective.run(batch, parts: parts, withGradients: false)
      return outcomes.reduce(0) { $0 + Double($1.crossEntropy) } * Double(parts[0].weight)
    }

    var gradientArray: [Float] { Array(gradients.elements(of: Float.self)) }
  }

  @Test(arguments: TrainingReference.all) func gradientsAreThoseOfPyTorch(_ reference: TrainingReference)
    throws
  {
    let problem = Problem(try reference.model(), try reference.texts, share: reference.distillationShare)
    try problem.run()
    #expect(problem.layout.parameters.count == reference.gradients.count)
    for parameter in problem.parameters {
      let expected = try #require(reference.gradients[parameter.name])
      let found = parameter.range.map { problem.gradients.floats[$0] }
      let norm = found.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
      #expect(abs(norm - expected.norm) < 1e-4 * expected.norm + 1e-7, "norm of \(parameter.name)")
      for (a, b) in zip(TrainingReference.probes(found), expected.probes) {
        #expect(abs(a - b) < 1e-4 * expected.norm + 1e-7, "\(parameter.name): \(a) for \(b)")
      }
    }
  }

  @Test(arguments: [nil, ExitAdapterKind.linear, .gated(inner: 20)])
  func gradientsAreThoseOfFiniteDifferences(_ adapters: ExitAdapterKind?) throws {
    var tiny = try TinyModel.biased()
    tiny.adapterKind = adapters
    let problem = Problem(tiny, try Texts.random(3))
    try problem.run()
    #expect(
      problem.parameters.count - problem.layout.parameters.count == 2
        * (adapters?.parts(width: 32).count ?? 0))
    for parameter in problem.parameters {
      let direction = FixtureWeights.units("direction \(parameter.name)", count: parameter.range.count)
      let slope = zip(parameter.range, direction).reduce(0.0) {
        $0 + Double(problem.gradients.floats[$1.0]) * Double($1.1)
      }
      let step: Float = 2e-3
      let ahead = try problem.loss(parameter, along: direction, step)
      let behind = try problem.loss(parameter, along: direction, -step)
      let measured = (ahead - behind) / Double(2 * step)
      #expect(abs(slope - measured) < 0.01 * max(abs(slope), abs(measured)) + 0.01, "\(parameter.name)")
    }
  }

  @Test func packedTextsHaveTheGradientsOfTextsAlone() throws {
    let texts = try Texts.random(4)
    let together = Problem(try .biased(), texts)
    try together.run()
    var sum = [Float](repeating: 0, count: together.layout.count)
    for text in texts {
      let alone = Problem(try .biased(), [text])
      try alone.run()
      let share = Float(alone.batch.scoredRows.count) / Float(together.batch.scoredRows.count)
      for (i, value) in alone.gradientArray.enumerated() { sum[i] += value * share }
    }
    let largest = sum.map(abs).max() ?? 0
    for (a, b) in zip(together.gradientArray, sum) { #expect(abs(a - b) < 1e-5 * largest) }
  }

  @Test func recomputationChangesNoBit() throws {
    let texts = try Texts.random(5)
    let kept = Problem(try .biased(), texts)
    let computed = Problem(try .biased(), texts, memory: .inputs)
    #expect(try kept.run() == computed.run())
    #expect(kept.gradientArray == computed.gradientArray)
  }

  @Test func threadsChangeNoBit() throws {
    let texts = try Texts.random(9)
    let one = Problem(try .plain(), texts, threads: 1)
    let three = Problem(try .plain(), texts, threads: 3)
    #expect(try one.run() == three.run())
    #expect(one.gradientArray == three.gradientArray)
  }

  @Test func sampledGradientsAreRightOnAverage() throws {
    let texts = try Texts.random(3)
    let whole = Problem(try .plain(), texts)
    try whole.run()
    let sampled = Problem(try .plain(), texts)
    let rounds = 300
    for number in 0..<rounds {
      var random = SplitMix64(seed: 3, purpose: .vocabulary, number: number)
      let sample = VocabularySample(
        certain: sampled.batch.targets + sampled.batch.tokens, sampled: 12, vocabularySize: 67,
        random: &random)
      _ = try sampled.objective.run(sampled.batch, parts: sampled.parts, sample: sample, withGradients: true)
    }
    let mean = sampled.gradientArray.map { $0 / Float(rounds) }
    let (a, b) = (whole.gradientArray, mean)
    let difference = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    let norm = a.reduce(0) { $0 + $1 * $1 }.squareRoot()
    #expect(difference < 0.03 * norm, "\(difference / norm)")
  }

  @Test func theOriginalDoesNotDivergeFromItself() throws {
    let problem = Problem(try .plain(), try Texts.random(3), share: 0.5)
    let outcomes = try problem.objective.run(problem.batch, parts: problem.parts, withGradients: false)
    let rows = Float(problem.batch.scoredRows.count)
    #expect(abs(outcomes[1].divergence / rows) < 1e-5)
    #expect(outcomes[0].divergence / rows > 0.01)
  }
}
