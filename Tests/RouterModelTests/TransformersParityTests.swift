import RouterCheckpoint
import RouterModel
import RouterTensor
import RouterTestSupport
import Testing

/// Hidden states after every layer and logits at every exit, against transformers in float32.
struct TransformersParityTests {
  /// Two f32 implementations that add in different orders agree this well, relative to a vector's largest element.
  private static let tolerance = 1e-5

  @Test func theFixtureIsThere() {
    #expect(ModelFixture.all.count == 6)
  }

  /// In one batch.
  @Test(arguments: ModelFixture.all)
  func prefillAgreesAfterEveryLayer(fixture: ModelFixture) throws {
    let session = try InferenceSession(
      model: TinyModel(configuration: fixture.configuration).model(), capacity: fixture.tokens.count)
    let (width, vocabulary) = (fixture.configuration.width, fixture.configuration.vocabularySize)
    try session.begin(fixture.tokens)
    for depth in 1...4 {
      session.advance(to: depth)
      let (states, logits) = (session.states, session.logits())
      for (index, position) in fixture.positions.enumerated() {
        let state = states[position * width..<(position + 1) * width]
        #expect(relativeError(state, fixture.hidden(depth: depth, index: index)) < Self.tolerance)
        let row = logits[position * vocabulary..<(position + 1) * vocabulary]
        #expect(relativeError(row, fixture.logits(depth: depth, index: index)) < Self.tolerance)
      }
    }
  }

  /// Token by token, with every instruction set.
  @Test(arguments: ModelFixture.all, Kernels.InstructionSet.allCases.filter { Kernels($0) != nil })
  func decodingAgreesAfterEveryLayer(fixture: ModelFixture, set: Kernels.InstructionSet) throws {
    let kernels = try #require(Kernels(set))
    let session = try InferenceSession(
      model: TinyModel(configuration: fixture.configuration).model(kernels: kernels),
      capacity: fixture.tokens.count)
    for (position, token) in fixture.tokens.enumerated() {
      try session.begin([token])
      for depth in 1...4 {
        session.advance(to: depth)
        guard let index = fixture.positions.firstIndex(of: position) else { continue }
        #expect(relativeError(session.states, fixture.hidden(depth: depth, index: index)) < Self.tolerance)
        #expect(relativeError(session.logits(), fixture.logits(depth: depth, index: index)) < Self.tolerance)
      }
      session.commitFull()
    }
  }

  /// The tests' own f64 model, which other tests rely on, is held to the same reference.
  @Test(arguments: ["tied head", "untied head", "heads wider than the model", "qwen2"])
  func theNaiveModelAgreesToo(name: String) throws {
    let fixture = try ModelFixture.named(name)
    var naive = NaiveLlama(fixture.configuration)
    for (position, token) in fixture.tokens.enumerated() {
      let hidden = naive.run(token, depth: 4)
      guard let index = fixture.positions.firstIndex(of: position) else { continue }
      let expected = fixture.hidden(depth: 4, index: index)
      #expect(relativeError(expected, hidden) < Self.tolerance)
      #expect(relativeError(fixture.logits(depth: 4, index: index), naive.logits(hidden)) < Self.tolerance)
    }
  }
}
