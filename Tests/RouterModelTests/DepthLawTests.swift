import RouterModel
import RouterTensor
import RouterTestSupport
import Testing

/// What a token's depth may and may not change.
struct DepthLawTests {
  private func fixture() throws -> ModelFixture { try ModelFixture.named("qwen2") }

  private func model(
    _ fixture: ModelFixture, _ encoding: WeightEncoding = .q4, layers: Int? = nil
  ) -> LlamaModel {
    TinyModel(configuration: fixture.configuration, encoding: encoding).model(layers: layers)
  }

  @Test(arguments: WeightEncoding.allCases)
  func depthInStepsIsDepthAtOnce(encoding: WeightEncoding) throws {
    let fixture = try fixture()
    let model = model(fixture, encoding)
    let (steps, once) = (
      try InferenceSession(model: model, capacity: 24), try InferenceSession(model: model, capacity: 24)
    )
    for (index, token) in fixture.tokens.enumerated() {
      for session in [steps, once] { try session.begin([token]) }
      for depth in index % 2 == 0 ? [1, 2, 3, 4] : [2, 2, 4] {
        steps.advance(to: depth)
        #expect(steps.depth == depth)
        // Asking for logits on the way changes nothing.
        _ = steps.logits()
      }
      once.advance(to: 4)
      let isSame = steps.states == once.states && steps.logits() == once.logits()
      #expect(isSame, "token \(index)")
      for session in [steps, once] { session.commitFull() }
    }
  }

  /// Sub-model n is layers 1 ... n: the state after layer n is the same in the full model, in a session that
  /// stops there, and in a model that has no further layers.
  @Test(arguments: 1...4)
  func aSubModelIsAPrefixOfTheFullOne(depth: Int) throws {
    let fixture = try fixture()
    let full = model(fixture)
    let prefix = model(fixture, layers: depth)
    #expect(prefix.layerCount == depth && prefix.exits == Array(1...depth))
    let whole = try InferenceSession(model: full, capacity: 24)
    let limited = try InferenceSession(model: full, capacity: 24, depthLimit: depth)
    let loaded = try InferenceSession(model: prefix, capacity: 24)
    #expect(limited.depthLimit == depth && loaded.depthLimit == depth)
    for batch in [fixture.tokens[..<9], fixture.tokens[9..<10], fixture.tokens[10...]] {
      for session in [whole, limited, loaded] {
        try session.begin(batch)
        session.advance(to: depth)
      }
      let isSame =
        whole.states == limited.states && whole.states == loaded.states
        && whole.logits() == limited.logits() && whole.logits() == loaded.logits()
      #expect(isSame)
      whole.advance(to: 4)
      for session in [whole, limited, loaded] { session.commitFull() }
    }
  }

  /// Tokens that stop early, each at a depth of its own, and deep ones that then attend to what they left behind.
  /// The expected states come from the tests' f64 model, which projects keys and values of skipped layers itself.
  @Test(arguments: ["untied head", "qwen2", "heads wider than the model"])
  func skippedLayersGetTheirOwnProjectionsOfTheExitsState(name: String) throws {
    let fixture = try ModelFixture.named(name)
    var naive = NaiveLlama(fixture.configuration)
    let session = try InferenceSession(model: model(fixture, .f32), capacity: 24)
    let depths = [4, 1, 4, 2, 3, 4, 1, 1, 1, 4, 2, 4]
    for (position, depth) in depths.enumerated() {
      let token = fixture.tokens[position]
      try session.begin([token])
      session.advance(to: depth)
      let expected = naive.run(token, depth: depth)
      #expect(relativeError(session.states, expected) < 1e-5, "token \(position) at depth \(depth)")
      #expect(relativeError(session.logits(), naive.logits(expected)) < 1e-5)
      session.propagateAndCommit()
    }
    #expect(session.position == depths.count)
  }

  /// What the depth of an early token leaves behind must matter, or the test above would show nothing.
  @Test func anEarlyExitChangesWhatDeepTokensSee() throws {
    let fixture = try fixture()
    var (deep, shallow) = (NaiveLlama(fixture.configuration), NaiveLlama(fixture.configuration))
    _ = (deep.run(5, depth: 4), shallow.run(5, depth: 1))
    #expect(relativeError(deep.run(6, depth: 4).map(Float.init), shallow.run(6, depth: 4)) > 0.01)
  }

  /// Several tokens in flight may leave together.
  @Test(arguments: [WeightEncoding.f32, .q8])
  func aBatchThatLeavesEarlyIsItsTokensLeavingOneByOne(encoding: WeightEncoding) throws {
    let fixture = try fixture()
    let model = model(fixture, encoding)
    let (batch, single) = (
      try InferenceSession(model: model, capacity: 24), try InferenceSession(model: model, capacity: 24)
    )
    // Seven rows stay below the size from which f32 products take another way.
    try batch.begin(fixture.tokens[..<7])
    batch.advance(to: 2)
    let states = batch.states
    batch.propagateAndCommit()
    var expected: [Float] = []
    for token in fixture.tokens[..<7] {
      try single.begin([token])
      single.advance(to: 2)
      expected += single.states
      single.propagateAndCommit()
    }
    let isSame = try states == expected && batch.run([9, 8]) == single.run([9, 8])
    #expect(isSame)
  }

  @Test func propagatingAtFullDepthIsCommitting() throws {
    let fixture = try fixture()
    let model = model(fixture)
    let (propagated, committed) = (
      try InferenceSession(model: model, capacity: 24), try InferenceSession(model: model, capacity: 24)
    )
    for session in [propagated, committed] {
      try session.begin(fixture.tokens[..<5])
      session.advance(to: 4)
    }
    propagated.propagateAndCommit()
    committed.commitFull()
    let isSame = try propagated.run([1, 2]) == committed.run([1, 2])
    #expect(isSame)
  }

  @Test(arguments: [0, 1, 5, 11])
  func afterARollBackTheContinuationIsAFreshRun(position: Int) throws {
    let fixture = try fixture()
    let model = model(fixture)
    let used = try InferenceSession(model: model, capacity: 24)
    _ = try used.run(fixture.tokens, batches: [6, 5])
    // A shallow token, and one in flight, go with the rest.
    try used.begin([3])
    used.advance(to: 1)
    used.propagateAndCommit()
    try used.begin([4])
    used.advance(to: 2)
    used.rollBack(to: position)
    #expect(used.position == position && used.rowCount == 0)

    let fresh = try InferenceSession(model: model, capacity: 24)
    _ = try fresh.run(Array(fixture.tokens[..<position]))
    let rest: [Int32] = [90, 3, 17, 44]
    let isSame = try used.run(rest, batches: [1, 3]) == fresh.run(rest)
    #expect(isSame)
  }
}
