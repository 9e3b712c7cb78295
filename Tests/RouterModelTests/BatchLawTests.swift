import RouterCheckpoint
import RouterModel
import RouterTensor
import RouterTestSupport
import Testing

/// What a sequence's states must not depend on: batches, threads, other sequences.
struct BatchLawTests {
  private static let splits = [
    [24], [23, 1], [1, 23], [7, 1, 8, 3, 5], [3, 3, 3, 3, 3, 3, 3, 3], [12, 12],
  ]

  /// Rows of a batch do not meet in kernels, so the bits are the same.
  @Test(arguments: ModelFixture.all, WeightEncoding.allCases)
  func anySplitIntoBatchesEqualsStepByStep(fixture: ModelFixture, encoding: WeightEncoding) throws {
    let model = TinyModel(configuration: fixture.configuration, encoding: encoding).model()
    let session = try InferenceSession(model: model, capacity: 24)
    let expected = try session.run(fixture.tokens)
    for batches in Self.splits {
      session.rollBack(to: 0)
      let found = try session.run(fixture.tokens, batches: batches)
      let isSame = found == expected
      #expect(isSame, "\(batches)")
    }
  }

  /// A prompt of which only the last state is wanted leaves that state and everybody's keys and values.
  @Test(arguments: ModelFixture.all, WeightEncoding.allCases)
  func aPromptForItsLastStateLeavesWhatStepsLeave(fixture: ModelFixture, encoding: WeightEncoding) throws {
    let model = TinyModel(configuration: fixture.configuration, encoding: encoding).model()
    let width = model.configuration.width
    let session = try InferenceSession(model: model, capacity: 24)
    let expected = try session.run(fixture.tokens)
    for sizes in [[23], [1, 22], [9, 14]] {
      session.rollBack(to: 0)
      var end = 0
      for size in sizes {
        try session.begin(fixture.tokens[end..<end + size])
        session.advanceForLast()
        end += size
        #expect(Array(session.hidden(row: size - 1)) == Array(expected[(end - 1) * width..<end * width]))
        session.commitFull()
      }
      #expect(try session.run(fixture.tokens.suffix(1)) == Array(expected.suffix(width)), "\(sizes)")
    }
  }

  @Test(arguments: WeightEncoding.allCases)
  func bitsDoNotDependOnTheNumberOfThreads(encoding: WeightEncoding) throws {
    let fixture = try ModelFixture.named("qwen2")
    let tiny = TinyModel(configuration: fixture.configuration, encoding: encoding)
    func states(threads: Int) throws -> [Float] {
      let session = try InferenceSession(model: tiny.model(threads: threads), capacity: 24)
      return try session.run(fixture.tokens, batches: [20, 1, 3])
    }
    let expected = try states(threads: 1)
    for threads in [2, 3, 8] {
      let isSame = try states(threads: threads) == expected
      #expect(isSame, "\(threads) threads")
    }
  }

  @Test func capacityDoesNotShowInTheBits() throws {
    let fixture = try ModelFixture.named("llama3 scaling")
    let model = TinyModel(configuration: fixture.configuration, encoding: .q8).model()
    let expected = try InferenceSession(model: model, capacity: 24).run(fixture.tokens)
    let isSame = try InferenceSession(model: model, capacity: 128).run(fixture.tokens) == expected
    #expect(isSame)
  }

  /// Two sequences of one model, advanced in turn, layer by layer.
  @Test func sessionsDoNotDisturbEachOther() throws {
    let fixture = try ModelFixture.named("untied head")
    let model = TinyModel(configuration: fixture.configuration, encoding: .q4).model()
    let reversed = Array(fixture.tokens.reversed())
    let alone = try [fixture.tokens, reversed].map {
      try InferenceSession(model: model, capacity: 24).run($0)
    }
    let sessions = try (0..<2).map { _ in try InferenceSession(model: model, capacity: 24) }
    var together: [[Float]] = [[], []]
    for step in 0..<24 {
      try sessions[0].begin([fixture.tokens[step]])
      try sessions[1].begin([reversed[step]])
      for depth in 1...4 { for session in sessions { session.advance(to: depth) } }
      for index in 0..<2 {
        together[index] += sessions[index].states
        sessions[index].commitFull()
      }
    }
    let isSame = together == alone
    #expect(isSame)
  }

  @Test func logitsOfSeveralRowsAreThoseOfEachRow() throws {
    let fixture = try ModelFixture.named("tied head")
    let model = TinyModel(configuration: fixture.configuration, encoding: .q8).model()
    let session = try InferenceSession(model: model, capacity: 24)
    try session.begin(fixture.tokens[..<10])
    session.advance(to: 3)
    let all = session.logits()
    for rows in [0..<1, 9..<10, 2..<7] {
      let isSame = session.logits(rows: rows) == Array(all[rows.lowerBound * 96..<rows.upperBound * 96])
      #expect(isSame, "\(rows)")
    }
    #expect(session.logits(rows: 4..<4).isEmpty)
  }
}
