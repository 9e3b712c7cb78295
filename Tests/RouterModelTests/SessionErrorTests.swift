import RouterModel
import RouterTensor
import RouterTestSupport
import Testing

/// Requests that a session refuses, and that it is as before afterwards.
struct SessionErrorTests {
  private func model() throws -> LlamaModel {
    TinyModel(configuration: try ModelFixture.named("tied head").configuration, encoding: .q8).model()
  }

  private func code(_ body: () throws(ModelError) -> Void) -> ModelError.Code? {
    do throws(ModelError) {
      try body()
      return nil
    } catch {
      return error.code
    }
  }

  @Test(arguments: [-1, 0, 129, Int.max])
  func aCapacityBeyondTheContextIsRefused(capacity: Int) throws {
    let model = try model()
    #expect(
      code { () throws(ModelError) in _ = try InferenceSession(model: model, capacity: capacity) }
        == .contextOverflow)
  }

  @Test(arguments: [-1, 0, 5])
  func aDepthThatIsNoExitIsRefused(depth: Int) throws {
    let model = try model()
    let error = #expect(throws: ModelError.self) {
      try InferenceSession(model: model, capacity: 8, depthLimit: depth)
    }
    #expect(error?.code == .unknownExit)
    #expect(error?.description == "the model has no exit after layer \(depth). Choose one of 1, 2, 3, 4.")
  }

  @Test(arguments: [[-1], [96], [0, 5, .max], [.min, 1]] as [[Int32]])
  func anUnknownTokenIsRefusedAndTheSessionIsAsBefore(tokens: [Int32]) throws {
    try expectUsable(after: .unknownToken) { session throws(ModelError) in try session.begin(tokens) }
  }

  /// One more than fits, more than the whole sequence, more than one round takes.
  @Test(arguments: [9, 13, 200])
  func moreTokensThanFitAreRefusedAndTheSessionIsAsBefore(count: Int) throws {
    try expectUsable(after: .contextOverflow) { session throws(ModelError) in
      try session.begin([Int32](repeating: 1, count: count))
    }
  }

  /// With four of twelve positions taken and two tokens in flight, a refused call leaves all of that in place.
  private func expectUsable(
    after expected: ModelError.Code, _ refused: (InferenceSession) throws(ModelError) -> Void
  ) throws {
    let model = try model()
    let (session, untouched) = (
      try InferenceSession(model: model, capacity: 12), try InferenceSession(model: model, capacity: 12)
    )
    for session in [session, untouched] {
      _ = try session.run([1, 2, 3, 4])
      try session.begin([5, 6])
      session.advance(to: 2)
    }
    #expect(code { () throws(ModelError) in try refused(session) } == expected)
    #expect(session.position == 4 && session.rowCount == 2 && session.depth == 2)
    for session in [session, untouched] {
      session.advance(to: 4)
      session.commitFull()
    }
    // The sequence can be filled to its last position.
    let isSame = try session.run([7, 8, 9, 10, 11, 12]) == untouched.run([7, 8, 9, 10, 11, 12])
    #expect(isSame)
    #expect(code { () throws(ModelError) in try session.begin([1]) } == .contextOverflow)
  }

  @Test func noTokensAreARoundThatDoesNothing() throws {
    let session = try InferenceSession(model: model(), capacity: 12)
    try session.begin([])
    session.advance(to: 4)
    #expect(session.states.isEmpty && session.logits().isEmpty)
    session.propagateAndCommit()
    #expect(session.position == 0)
  }
}
