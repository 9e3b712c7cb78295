import RouterCheckpoint
import RouterModel
import RouterTensor
import RouterTestSupport
import Testing

/// What is loaded, and what is made up, has the shapes of the table and nothing else.
struct TensorTableLawTests {
  private func check(_ weights: LlamaWeights, _ table: TensorTable, layerCount: Int) {
    let entries = table.entries(layerCount: layerCount)
    for entry in entries {
      switch weights[entry.part] {
      case .matrix(let matrix): #expect([matrix.rows, matrix.columns] == entry.shape, "\(entry.name)")
      case .vector(let vector): #expect([vector.byteCount / 4] == entry.shape, "\(entry.name)")
      case nil: Issue.record("no \(entry.name)")
      }
    }
    let parts = Set(entries.map(\.part))
    for index in 0..<table.configuration.layerCount {
      for part in LayerPart.allCases where !parts.contains(.layer(index, part)) {
        #expect(weights[.layer(index, part)] == nil, "\(TensorName.layer(index, part))")
      }
    }
  }

  @Test(arguments: ModelFixture.all, WeightEncoding.allCases)
  func everyLoadedFixtureHasTheShapesOfTheTable(fixture: ModelFixture, encoding: WeightEncoding) throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("tiny.safetensors.zst")
    try StoredModel(fixture.configuration, encoding: encoding).write(to: path)
    let checkpoint = try CheckpointReader(path: path)
    let matmul = Matmul(team: ThreadTeam(threadCount: 2))
    let table = TensorTable(fixture.configuration)
    check(try LlamaModel.load(from: checkpoint, matmul: matmul).weights, table, layerCount: 4)
    check(
      try LlamaModel.load(from: checkpoint, maximumExit: 2, matmul: matmul).weights, table, layerCount: 2)
  }

  @Test(
    arguments: WeightEncoding.allCases.filter(\.isQuantized), [(false, false), (true, false), (false, true)])
  func aSyntheticModelHasTheShapesOfTheTable(
    encoding: WeightEncoding, _ settings: (tiedHead: Bool, attentionBias: Bool)
  ) throws {
    let configuration = try ModelConfiguration(
      architecture: .qwen2, layerCount: 2, width: 64, headCount: 4, keyValueHeadCount: 2, headWidth: 32,
      feedForwardWidth: 160, vocabularySize: 200, contextLength: 64, normEpsilon: 1e-5,
      rotary: RotaryEmbedding(base: 10_000), tiedHead: settings.tiedHead,
      attentionBias: settings.attentionBias)
    let model = SyntheticModel.make(
      configuration, encoding: encoding, matmul: Matmul(team: ThreadTeam(threadCount: 1)))
    check(model.weights, TensorTable(configuration), layerCount: 2)
  }

  /// A layer of the table's parts reads each weight where it is.
  @Test func partsAreTheFieldsOfTheirNames() throws {
    let fixture = try ModelFixture.named("qwen2")
    let weights = TinyModel(configuration: fixture.configuration).model().weights
    for entry in TensorTable(fixture.configuration).entries {
      let expected = FixtureWeights.elements(of: entry)
      switch weights[entry.part] {
      case .vector(let vector): #expect(Array(vector.elements(of: Float.self)) == expected, "\(entry.name)")
      case .matrix(let matrix):
        var row = [Float](repeating: 0, count: matrix.columns)
        row.withUnsafeMutableBufferPointer { matrix.decodeRow(1, into: $0.baseAddress!) }
        #expect(row == Array(expected[matrix.columns..<2 * matrix.columns]), "\(entry.name)")
      case nil: Issue.record("no \(entry.name)")
      }
    }
  }
}
