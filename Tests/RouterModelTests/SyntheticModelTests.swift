import RouterCheckpoint
import RouterModel
import RouterTensor
import Testing

struct SyntheticModelTests {
  private func configuration(tiedHead: Bool = false) throws -> ModelConfiguration {
    try ModelConfiguration(
      architecture: .llama, layerCount: 6, width: 64, headCount: 4, keyValueHeadCount: 2, headWidth: 16,
      feedForwardWidth: 160, vocabularySize: 200, contextLength: 64, normEpsilon: 1e-5,
      rotary: RotaryEmbedding(base: 10_000), tiedHead: tiedHead, attentionBias: false)
  }

  private func logits(_ model: LlamaModel) throws -> [Float] {
    let session = try InferenceSession(model: model, capacity: 8)
    try session.begin([3, 1, 4, 1, 5])
    session.advance(to: model.layerCount)
    var logits = [Float](repeating: .nan, count: model.configuration.vocabularySize)
    logits.withUnsafeMutableBufferPointer { session.logits(rows: 4..<5, into: $0.baseAddress!) }
    return logits
  }

  /// Products of a normalised state with rows of variance 1 / K have variance 1.
  @Test(arguments: WeightEncoding.allCases.filter(\.isQuantized))
  func logitsAreFiniteAndOfUnitScale(_ encoding: WeightEncoding) throws {
    let model = SyntheticModel.make(
      try configuration(), encoding: encoding,
      matmul: Matmul(team: ThreadTeam(threadCount: 2)))
    let logits = try logits(model)
    #expect(logits.allSatisfy { $0.isFinite })
    let variance = logits.reduce(0) { $0 + $1 * $1 } / Float(logits.count)
    #expect((0.5...2).contains(variance))
  }

  @Test func weightsDependOnTheSeedAlone() throws {
    let configuration = try configuration()
    func result(seed: UInt64, threads: Int) throws -> [Float] {
      try logits(
        SyntheticModel.make(
          configuration, encoding: .q4, seed: seed,
          matmul: Matmul(team: ThreadTeam(threadCount: threads))))
    }
    let first = try result(seed: 1, threads: 1)
    #expect(try result(seed: 1, threads: 3) == first)
    #expect(try result(seed: 2, threads: 1) != first)
  }

  @Test func aTiedHeadIsTheEmbedding() throws {
    let matmul = Matmul(team: ThreadTeam(threadCount: 1))
    let tied = SyntheticModel.make(
      try configuration(tiedHead: true), encoding: .q4, matmul: matmul)
    #expect(tied.weights.head.isSameStorage(as: tied.weights.embedding))
    #expect(tied.weights.head.encoding == .q8)
    let separate = SyntheticModel.make(try configuration(), encoding: .q4, matmul: matmul)
    #expect(separate.weights.embedding.encoding == .q4)
    #expect(separate.weights.head.encoding == .q8)
    #expect(separate.weights.layers.allSatisfy { $0.down.encoding == .q4 && $0.query.encoding == .q4 })
  }

  @Test func everyLayerIsAnExit() throws {
    let model = SyntheticModel.make(
      try configuration(), encoding: .q8, matmul: Matmul(team: ThreadTeam(threadCount: 1)))
    #expect(model.exits == [1, 2, 3, 4, 5, 6])
  }
}

struct ModelShapeTests {
  /// Parameter counts of the published models: their model cards' 135M, 1.24B (1,235,814,400), 6.74B
  /// (6,738,415,616) and 13.0B (13,015,864,320).
  @Test(
    arguments: [
      (ModelShape.smolLM2, 134_515_008), (.llama32, 1_235_814_400), (.llama2x7B, 6_738_415_616),
      (.llama2x13B, 13_015_864_320),
    ])
  func aShapeHasThePublishedParameterCount(_ shape: ModelShape, _ expected: Int) throws {
    let table = TensorTable(try shape.configuration())
    #expect(table.entries.reduce(0) { $0 + $1.elementCount } == expected)
  }

  @Test func aShapeCanBeCut() throws {
    #expect(try ModelShape.llama2x13B.configuration(layers: 3).layerCount == 3)
    #expect(throws: CheckpointError.self) { try ModelShape.llama2x13B.configuration(layers: 0) }
  }
}
