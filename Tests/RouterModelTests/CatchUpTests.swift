import RouterCheckpoint
import RouterModel
import RouterTensor
import RouterTestSupport
import Testing

/// Tokens appended to a round: what they and the layers that follow see is what a full run sees.
struct CatchUpTests {
  private func session(_ encoding: WeightEncoding) throws -> (InferenceSession, [Int32]) {
    let fixture = try ModelFixture.named("qwen2")
    let model = TinyModel(configuration: fixture.configuration, encoding: encoding).model()
    return (try InferenceSession(model: model, capacity: 24), fixture.tokens)
  }

  /// Depths of tokens in turn; where one is full, all that lag are caught up.
  @Test(
    arguments: WeightEncoding.allCases,
    [[1, 2, 1, 4], [3, 3, 3, 4], [1, 1, 1, 1, 1, 4], [2, 4, 1, 3, 4], [0, 0, 4]])
  func afterCatchingUpTheStatesAreThoseOfAFullRun(encoding: WeightEncoding, depths: [Int]) throws {
    let (session, tokens) = try session(encoding)
    let expected = try session.run(tokens)
    let width = expected.count / tokens.count
    session.rollBack(to: 0)
    var found: [Float] = []
    for (token, depth) in zip(tokens, depths) {
      try session.append([token])
      session.advance(to: depth)
      if depth == 4 {
        found += session.states
        session.commitFull()
      }
    }
    #expect(session.position == depths.count)
    found += try session.run(Array(tokens[depths.count...]))
    let isSame = found == expected
    #expect(isSame)
    #expect(found.count == tokens.count * width)
  }

  /// Rows that are forgotten leave the cache as it was for those that follow.
  @Test func aPartOfARoundCanBeKept() throws {
    let (session, tokens) = try session(.q8)
    let expected = try session.run(tokens)
    session.rollBack(to: 0)
    try session.begin(tokens[..<3])
    try session.append([1, 2, 3])
    session.advance(to: 4)
    var found = Array(session.states.prefix(3 * session.model.configuration.width))
    session.commit(3)
    found += try session.run(Array(tokens[3...]), batches: [20, 1])
    let isSame = found == expected
    #expect(isSame)
  }

  @Test func anAppendedTokenHasNoRoomBeyondTheCapacity() throws {
    let (session, tokens) = try session(.q8)
    try session.begin(tokens[..<23])
    try session.append([1])
    #expect(throws: ModelError.self) { try session.append([1]) }
    #expect(session.rowCount == 24)
  }
}
