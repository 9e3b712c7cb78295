import RouterCheckpoint
import RouterModel
import RouterTensor
import RouterTestSupport
import Testing

/// From a file to a model: the same numbers, and errors that name the tensor.
struct CheckpointLoadingTests {
  private func load(_ path: String, maximumExit: Int? = nil) throws -> LlamaModel {
    try LlamaModel.load(
      from: CheckpointReader(path: path), maximumExit: maximumExit,
      matmul: Matmul(team: ThreadTeam(threadCount: 2)))
  }

  private func states(_ model: LlamaModel, _ tokens: [Int32], depth: Int) throws -> [Float] {
    let session = try InferenceSession(model: model, capacity: tokens.count)
    try session.begin(tokens)
    session.advance(to: depth)
    return session.states + session.logits()
  }

  @Test(
    arguments: ["tied head", "untied head", "qwen2", "heads wider than the model"], WeightEncoding.allCases)
  func aLoadedModelIsTheOneInMemoryBitForBit(name: String, encoding: WeightEncoding) throws {
    let fixture = try ModelFixture.named(name)
    let directory = try TemporaryDirectory()
    let path = directory.file("tiny.safetensors.zst")
    let expected = TinyModel(configuration: fixture.configuration, encoding: encoding).model()
    for planar in encoding == .bf16 || encoding == .f32 ? [false, true] : [false] {
      try StoredModel(fixture.configuration, encoding: encoding).write(to: path, planar: planar)
      let loaded = try load(path)
      #expect(loaded.layerCount == 4 && loaded.exits == [1, 2, 4])
      #expect(
        loaded.weights.head.isSameStorage(as: loaded.weights.embedding) == fixture.configuration.tiedHead)
      #expect(loaded.weights.byteCount == expected.weights.byteCount)
      let isSame = try states(loaded, fixture.tokens, depth: 4) == states(expected, fixture.tokens, depth: 4)
      #expect(isSame)
    }
  }

  @Test func aPrefixIsTheSubModelBitForBit() throws {
    let fixture = try ModelFixture.named("untied head")
    let directory = try TemporaryDirectory()
    let path = directory.file("tiny.safetensors.zst")
    try StoredModel(fixture.configuration, encoding: .q4).write(to: path)
    let (prefix, full) = (try load(path, maximumExit: 2), try load(path))
    #expect(prefix.layerCount == 2 && prefix.exits == [1, 2])
    #expect(prefix.weights.byteCount < full.weights.byteCount)
    let isSame = try states(prefix, fixture.tokens, depth: 2) == states(full, fixture.tokens, depth: 2)
    #expect(isSame)
    #expect(try InferenceSession(model: prefix, capacity: 4).depthLimit == 2)
  }

  @Test(arguments: [-1, 0, 3, 5])
  func anExitThatTheCheckpointLacksIsRefused(exit: Int) throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("tiny.safetensors.zst")
    try StoredModel(ModelFixture.named("tied head").configuration, encoding: .q8).write(to: path)
    let error = #expect(throws: ModelError.self) { try load(path, maximumExit: exit) }
    #expect(error?.code == .unknownExit)
    #expect(
      error?.description == "the model has no exit after layer \(exit) (\(path)). Choose one of 1, 2, 4.")
  }

  /// Every tensor that the model needs, one at a time.
  @Test(arguments: [WeightEncoding.bf16, .q4])
  func aMissingTensorIsNamed(encoding: WeightEncoding) throws {
    let configuration = try ModelFixture.named("qwen2").configuration
    let directory = try TemporaryDirectory()
    let path = directory.file("tiny.safetensors.zst")
    let whole = StoredModel(configuration, encoding: encoding)
    let names = whole.tensors.map(\.name)
    // The layers are alike: the first and the last stand for all.
    for name in names where TensorName.layerIndex(of: name).map({ $0 == 0 || $0 == 3 }) ?? true {
      var damaged = whole
      damaged.tensors.removeAll { $0.name == name }
      try damaged.write(to: path)
      let error = #expect(throws: CheckpointError.self, "\(name)") { try load(path) }
      #expect(error?.code == .missingTensor && error?.location.tensor == name, "\(name)")
      #expect(error?.location.file == path)
    }
  }

  @Test func aMissingHeadIsNoLessAnErrorThanAnyOther() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("tiny.safetensors.zst")
    var damaged = StoredModel(try ModelFixture.named("untied head").configuration, encoding: .q8)
    damaged.tensors.removeAll { $0.name == TensorName.head }
    try damaged.write(to: path)
    let error = #expect(throws: CheckpointError.self) { try load(path) }
    #expect(error?.code == .missingTensor && error?.location.tensor == TensorName.head)
  }

  @Test func aTensorOfAnotherShapeIsNamed() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("tiny.safetensors.zst")
    let (query, down) = (TensorName.layer(1, .queryWeight), TensorName.layer(3, .downWeight))
    let cases: [(name: String, dtype: DType, shape: [Int])] = [
      (query, .i8, [64, 32]), (query, .i8, [32, 64]), (query, .f32, [64, 64, 1]), (query, .bf16, [4096]),
      (query, .u8, [64, 64]), (TensorName.companion(.scale, of: down), .f16, [64, 3]),
      (TensorName.companion(.scale, of: down), .bf16, [64, 4]), (TensorName.finalNorm, .f32, [63]),
      (TensorName.finalNorm, .bf16, [64]), (TensorName.layer(0, .keyBias), .f32, [64]),
      (TensorName.embedding, .i8, [95, 64]),
    ]
    for (name, dtype, shape) in cases {
      var damaged = StoredModel(try ModelFixture.named("qwen2").configuration, encoding: .q8)
      damaged.replace(name, dtype: dtype, shape: shape)
      try damaged.write(to: path)
      let error = #expect(throws: CheckpointError.self, "\(name) \(dtype) \(shape)") { try load(path) }
      #expect(error?.code == .tensorMismatch && error?.location.tensor == name, "\(name) \(dtype) \(shape)")
    }
  }

  @Test(arguments: [DType.f16, .f64, .i32, .bool])
  func aMatrixOfATypeThatIsNoEncodingIsRefused(dtype: DType) throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("tiny.safetensors.zst")
    let name = TensorName.layer(2, .gateWeight)
    var damaged = StoredModel(try ModelFixture.named("tied head").configuration, encoding: .q8)
    damaged.replace(name, dtype: dtype, shape: [128, 64])
    try damaged.write(to: path)
    let error = #expect(throws: ModelError.self) { try load(path) }
    #expect(error?.code == .unsupportedWeights)
    #expect(error?.location == "\(path), tensor \(name)")
  }

  /// What lies beyond the prefix is not read, so it cannot be wrong.
  @Test func aPrefixDoesNotNeedWhatFollowsIt() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("tiny.safetensors.zst")
    var damaged = StoredModel(try ModelFixture.named("tied head").configuration, encoding: .q8)
    damaged.tensors.removeAll { $0.name == TensorName.layer(3, .upWeight) }
    try damaged.write(to: path)
    #expect(try load(path, maximumExit: 2).layerCount == 2)
  }

  /// A row width that is no multiple of 32 cannot be quantised; such a matrix stays wide beside quantised ones.
  @Test func encodingsMayBeMixed() throws {
    let configuration = try ModelFixture.named("untied head").configuration
    let directory = try TemporaryDirectory()
    let path = directory.file("tiny.safetensors.zst")
    var mixed = StoredModel(configuration, encoding: .q4)
    let wide = StoredModel(configuration, encoding: .bf16)
    let keys = [TensorName.layer(0, .keyWeight), TensorName.embedding]
    mixed.tensors.removeAll { tensor in keys.contains { tensor.name.hasPrefix($0) } }
    mixed.tensors += wide.tensors.filter { keys.contains($0.name) }
    try mixed.write(to: path)
    let model = try load(path)
    #expect(model.weights.embedding.encoding == .bf16)
    #expect(model.weights.layers[0].key.encoding == .bf16 && model.weights.layers[0].query.encoding == .q4)
    let tokens = try ModelFixture.named("untied head").tokens
    let exact = TinyModel(configuration: configuration, encoding: .q4).model()
    #expect(relativeError(try states(model, tokens, depth: 4), try states(exact, tokens, depth: 4)) < 0.5)
  }
}
