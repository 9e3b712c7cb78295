import Foundation
import RouterCheckpoint
import RouterModel
import RouterTensor
import RouterTestSupport
import Testing

/// What stands between an exit and the head, against its formulas written out in f64.
struct ExitAdapterTests {
  private static let kinds: [ExitAdapterKind] = [.linear, .gated(inner: 32)]

  private func values(_ kind: ExitAdapterKind, exit: Int, width: Int) -> [String: [Float]] {
    Dictionary(
      uniqueKeysWithValues: kind.parts(width: width).map { part in
        let name = TensorName.adapter(exit: exit, part.name)
        return (part.name, FixtureWeights.elements(of: name, count: part.shape.reduce(1, *)))
      })
  }

  private func model(_ fixture: ModelFixture, _ adapters: [Int: ExitAdapter]) -> LlamaModel {
    let plain = TinyModel(configuration: fixture.configuration).model()
    var weights = plain.weights
    weights.adapters = adapters
    return LlamaModel(
      configuration: plain.configuration, exits: plain.exits, weights: weights, matmul: plain.matmul)
  }

  /// h' of one state, as the formulas at ``ExitAdapterKind`` say.
  private func adapted(_ state: [Double], _ kind: ExitAdapterKind, exit: Int) -> [Double] {
    let width = state.count
    let parts = values(kind, exit: exit, width: width).mapValues { $0.map(Double.init) }
    func product(_ name: String, _ input: [Double]) -> [Double] {
      let matrix = parts[name] ?? []
      return (0..<matrix.count / input.count).map { row in
        zip(matrix[row * input.count..<(row + 1) * input.count], input).reduce(0) { $0 + $1.0 * $1.1 }
      }
    }
    let root = (state.reduce(0) { $0 + $1 * $1 } / Double(width) + 1e-5).squareRoot()
    let unit = state.map { $0 / root }
    let change: [Double]
    switch kind {
    case .linear: change = zip(product("linear.weight", unit), parts["linear.bias"] ?? []).map { $0 + $1 }
    case .gated:
      let joined = zip(product("gate.weight", unit), product("up.weight", unit)).map {
        $0 / (1 + exp(-$0)) * $1
      }
      change = product("down.weight", joined)
    }
    return zip(state, change).map { $0 + root * $1 }
  }

  /// In one batch, and for a part of its rows.
  @Test(arguments: kinds, ["tied head", "untied head", "heads wider than the model"])
  func logitsAreThoseOfTheAdaptedState(kind: ExitAdapterKind, name: String) throws {
    let fixture = try ModelFixture.named(name)
    let width = fixture.configuration.width
    let naive = NaiveLlama(fixture.configuration)
    let session = try InferenceSession(
      model: model(fixture, [2: ExitAdapter(fixture: kind, exit: 2, width: width)]),
      capacity: fixture.tokens.count)
    try session.begin(fixture.tokens)
    session.advance(to: 2)
    let states = session.states
    let expected = fixture.tokens.indices.flatMap { row in
      let state = states[row * width..<(row + 1) * width].map(Double.init)
      return naive.logits(adapted(state, kind, exit: 2))
    }
    #expect(relativeError(session.logits(), expected) < 1e-5)
    let vocabulary = fixture.configuration.vocabularySize
    let part = expected[3 * vocabulary..<5 * vocabulary]
    #expect(relativeError(session.logits(rows: 3..<5), part) < 1e-5)
    #expect(session.states == states)
  }

  /// Other depths, the residual stream, and what skipped layers get are as without adapters, bit for bit.
  @Test(arguments: kinds)
  func nothingElseChanges(kind: ExitAdapterKind) throws {
    let fixture = try ModelFixture.named("qwen2")
    let adapter = ExitAdapter(fixture: kind, exit: 2, width: fixture.configuration.width)
    let (plain, with) = (
      try InferenceSession(model: model(fixture, [:]), capacity: 32),
      try InferenceSession(model: model(fixture, [2: adapter]), capacity: 32)
    )
    for token in fixture.tokens {
      for session in [plain, with] { try session.begin([token]) }
      for depth in [1, 2, 3, 4] {
        for session in [plain, with] { session.advance(to: depth) }
        #expect((plain.logits() == with.logits()) == (depth != 2))
        #expect(plain.states == with.states)
      }
      for session in [plain, with] { session.commitFull() }
    }
    for session in [plain, with] {
      try session.begin([7])
      session.advance(to: 2)
      _ = session.logits()
      session.propagateAndCommit()
    }
    let isSame = try plain.run([3, 4]) == with.run([3, 4])
    #expect(isSame)
  }

  @Test(arguments: kinds, WeightEncoding.allCases)
  func adaptersComeFromAFileWithTheirModel(kind: ExitAdapterKind, encoding: WeightEncoding) throws {
    let fixture = try ModelFixture.named("tied head")
    let width = fixture.configuration.width
    let directory = try TemporaryDirectory()
    let (plain, file, merged) = (directory.file("plain"), directory.file("adapter"), directory.file("merged"))
    try StoredModel(fixture.configuration, encoding: .f32).write(to: plain)
    let base = try CheckpointReader(path: plain)
    let record = AdapterRecord(
      kind: kind, exits: [1, 2], base: base.metadata, fingerprint: base.fingerprint, tuning: "test",
      license: nil)
    let tensors = [1, 2].flatMap { exit in
      kind.parts(width: width).map { part in
        AdapterFile.Tensor(
          name: TensorName.adapter(exit: exit, part.name), shape: part.shape,
          values: values(kind, exit: exit, width: width)[part.name] ?? [])
      }
    }
    try AdapterFile.write(
      to: file, record: record, tensors: tensors, base: base.metadata, tool: "tests", encoding: encoding)
    try AdapterMerge.merge(AdapterFile(path: file), into: plain, to: merged)

    func logits(_ path: String, _ precision: ActivationPrecision, maximumExit: Int? = nil) throws -> [Float] {
      let model = try LlamaModel.load(
        from: CheckpointReader(path: path), maximumExit: maximumExit,
        matmul: Matmul(team: ThreadTeam(threadCount: 2), precision: precision))
      #expect(model.weights.adapters.keys.sorted() == (path == plain ? [] : [1, 2]))
      let session = try InferenceSession(model: model, capacity: fixture.tokens.count)
      try session.begin(fixture.tokens)
      session.advance(to: 2)
      return session.logits()
    }
    let wide = ExitAdapter(fixture: kind, exit: 2, width: width)
    let reference = try InferenceSession(model: model(fixture, [2: wide]), capacity: fixture.tokens.count)
    try reference.begin(fixture.tokens)
    reference.advance(to: 2)
    let found = try logits(merged, .f32)
    // The encodings' own rounding, of weights that are uniform in a range.
    let tolerance: Double = [.f32: 1e-5, .bf16: 0.01, .q8: 0.01, .q4: 0.12][encoding] ?? 0
    #expect(relativeError(found, reference.logits()) < tolerance)
    #expect(try logits(plain, .f32) != found)
    #expect(try logits(merged, .f32, maximumExit: 2) == found)
  }

  @Test func anExitMayHaveAHeadOfItsOwn() throws {
    let fixture = try ModelFixture.named("tied head")
    let directory = try TemporaryDirectory()
    let (plain, own) = (directory.file("plain"), directory.file("own"))
    var stored = StoredModel(fixture.configuration, encoding: .q8)
    try stored.write(to: plain)
    // Twice the shared head: twice its logits.
    let (rows, columns) = (fixture.configuration.vocabularySize, fixture.configuration.width)
    let head = FixtureWeights.elements(of: TensorName.embedding, count: rows * columns).map { 2 * $0 }
    stored.tensors.append(
      .init(
        name: TensorName.exitHead(2), dtype: .f32, shape: [rows, columns],
        buffer: AlignedBuffer(holding: head)))
    try stored.write(to: own)
    let sessions = try [plain, own].map { path in
      try InferenceSession(
        model: LlamaModel.load(
          from: CheckpointReader(path: path),
          matmul: Matmul(team: ThreadTeam(threadCount: 1), precision: .f32)),
        capacity: fixture.tokens.count)
    }
    for session in sessions { try session.begin(fixture.tokens) }
    for depth in [1, 2, 4] {
      for session in sessions { session.advance(to: depth) }
      let (shared, own) = (sessions[0].logits(), sessions[1].logits())
      #expect(depth == 2 ? relativeError(own, shared.map { 2 * $0 }) < 0.01 : own == shared)
    }
  }
}
