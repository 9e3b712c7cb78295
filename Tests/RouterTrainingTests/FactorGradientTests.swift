import RouterCheckpoint
import RouterModel
import RouterTensor
import RouterTestSupport
import RouterTraining
import Testing

@Suite struct FactorGradientTests {
  /// dA = s B^T dW' and dB = s dW' A^T (arXiv 2106.09685), with dW' from a pass that trains all weights.
  @Test func theyFollowFromThoseOfTheWeights() throws {
    let tiny = try TinyModel.biased()
    let model = tiny.model()
    let team = model.matmul.team
    let layout = ParameterLayout(TensorTable(tiny.configuration), layerCount: 3)
    let base = AlignedBuffer(floats: layout.count)
    ModelWeights.copy(model, layout: layout, into: base)
    let factors = LowRankFactors(layout, rank: 3, alpha: 6, team: team)
    let values = AlignedBuffer(
      holding: FixtureWeights.units("factors", count: factors.count).map { $0 * 0.1 })
    let weights = AlignedBuffer(floats: layout.count)
    weights.floats.update(from: base.floats, count: layout.count)
    factors.merge(values, base: base, into: weights)

    let batch = PackedBatch(try Texts.random(4))
    let parts = tiny.exits.enumerated().map { TuningObjective.Part(exit: $1, index: $0, weight: 0.1) }
    func run(_ trained: TuningObjective.Trained) throws {
      let objective = TuningObjective(
        layout: layout, weights: weights, trained: trained, exitCount: 3, capacity: batch.rowCount,
        memory: .everything, original: nil, team: team)
      // Twice, as in a step of two batches: gradients add up.
      for _ in 0..<2 { _ = try objective.run(batch, parts: parts, withGradients: true) }
    }
    let dWeights = AlignedBuffer(floats: layout.count)
    try run(.weights(gradients: dWeights))
    let gradients = AlignedBuffer(floats: factors.count)
    try run(.factors(factors, values: values, gradients: gradients))

    #expect(factors.scale == 2)
    let largest = (0..<factors.count).map { abs(gradients.floats[$0]) }.max() ?? 0
    for matrix in layout.layers.flatMap(\.matrices) {
      let pair = try #require(factors.pair(at: matrix.offset))
      let dW = dWeights.floats + matrix.offset
      for r in 0..<3 {
        for column in 0..<pair.columns {
          let expected = (0..<pair.rows).reduce(Float(0)) {
            $0 + 2 * values.floats[pair.b + $1 * 3 + r] * dW[$1 * pair.columns + column]
          }
          let found = gradients.floats[pair.a + r * pair.columns + column]
          #expect(abs(found - expected) < 1e-5 * largest, "A of \(matrix.entry.name)")
        }
        for row in 0..<pair.rows {
          let expected = (0..<pair.columns).reduce(Float(0)) {
            $0 + 2 * dW[row * pair.columns + $1] * values.floats[pair.a + r * pair.columns + $1]
          }
          #expect(
            abs(gradients.floats[pair.b + row * 3 + r] - expected) < 1e-5 * largest,
            "B of \(matrix.entry.name)")
        }
      }
    }
  }
}
