import RouterModel
import RouterTensor
import RouterTestSupport
import Testing

/// The most probable token through a screen of the head: the one that the logits have.
struct HeadScreenTests {
  private func session(
    _ screening: HeadScreening?, _ encoding: WeightEncoding = .q8, precision: ActivationPrecision = .int8
  ) throws -> (InferenceSession, tokens: [Int32]) {
    let fixture = try ModelFixture.named("qwen2")
    let model = TinyModel(
      configuration: fixture.configuration, encoding: encoding, precision: precision
    ).model(headScreening: screening)
    return (try InferenceSession(model: model, capacity: 24), fixture.tokens)
  }

  private func argmax(_ logits: [Float]) -> Int32? {
    logits.max().flatMap { best in logits.firstIndex(of: best).map { Int32($0) } }
  }

  @Test(arguments: [.f32, .bf16, .q8] as [WeightEncoding], ActivationPrecision.allCases)
  func theMostProbableTokenIsThatOfTheLogits(encoding: WeightEncoding, precision: ActivationPrecision) throws
  {
    let (session, tokens) = try session(.after(inputs: 3), encoding, precision: precision)
    var found: [Int32?] = []
    var expected: [Int32?] = []
    for token in tokens {
      try session.begin([token])
      for depth in 1...4 {
        session.advance(to: depth)
        found.append(session.mostProbableToken(row: 0))
        expected.append(argmax(session.logits()))
      }
      session.commitFull()
    }
    // Three inputs are looked at, then the screen is made.
    #expect(found.prefix(3).allSatisfy { $0 == nil })
    #expect(Array(found.dropFirst(3)) == Array(expected.dropFirst(3)))
    #expect(Set(found).count > 3)
    let counters = session.model.headScreen.counters
    #expect(counters.screened == found.count - 3 && counters.fallbacks == 0 && counters.fallbackRate == 0)
    #expect(counters.byteCount > 0 && counters.buildSeconds > 0)
    #expect(counters.rescoredRows >= 16 * counters.screened)
  }

  /// Any row in flight, not just the only one.
  @Test func everyRowInFlightHasItsOwn() throws {
    let (session, tokens) = try session(.after(inputs: 1))
    try session.begin(tokens)
    session.advance(to: 4)
    _ = session.mostProbableToken(row: 0)
    let found = (0..<tokens.count).map { session.mostProbableToken(row: $0) }
    #expect(found == (0..<tokens.count).map { argmax(session.logits(rows: $0..<$0 + 1)) })
  }

  /// Rows whose head is scanned together have what they have alone; rows in flight that follow have their own.
  @Test func rowsThatAreScannedTogetherHaveTheirOwn() throws {
    let (session, tokens) = try session(.after(inputs: 1))
    var rounds: [[Int32]] = []
    for round in [tokens, tokens.reversed()] {
      try session.begin(round)
      for depth in [3, 4] {
        session.advance(to: depth)
        // The first input makes the screen, and is told nothing.
        if rounds.isEmpty { #expect(session.mostProbableToken(row: 0) == nil) }
        let rows = 1..<min(round.count, 1 + ModelRunner.scanLimit)
        let found = session.mostProbableTokens(rows: rows)
        let expected = rows.map { argmax(session.logits(rows: $0..<$0 + 1)) }
        #expect(found == expected, "depth \(depth)")
        rounds.append(expected.compactMap(\.self))
      }
    }
    #expect(Set(rounds).count > 2)
  }

  /// A small head has none by itself, nor has one that is switched off.
  @Test(arguments: [HeadScreening.off, nil])
  func withoutAScreenThereIsNoToken(screening: HeadScreening?) throws {
    let (session, tokens) = try session(screening)
    try session.begin(tokens)
    session.advance(to: 4)
    for _ in 0..<3 { #expect(session.mostProbableToken(row: 0) == nil) }
    #expect(session.model.headScreen.counters == HeadScreenCounters())
  }

  /// However often it is asked, a head of 4 bits has none.
  @Test func aHeadOfFourBitsHasNoScreen() throws {
    let (session, tokens) = try session(.after(inputs: 1), .q4)
    try session.begin(tokens)
    session.advance(to: 4)
    for _ in 0..<3 { #expect(session.mostProbableToken(row: 0) == nil) }
  }

  @Test func largeHeadsInManyBitsGetAScreen() {
    let team = ThreadTeam(threadCount: 1)
    func automatic(_ columns: Int, _ precision: ActivationPrecision = .int8) -> HeadScreening {
      let buffer = AlignedBuffer(byteCount: 32_768 * columns * 2)
      return .automatic(
        for: WeightMatrix(EncodedMatrix(.bf16, elements: buffer, rows: 32_768, columns: columns)),
        precision: precision)
    }
    #expect(automatic(128) == .after(inputs: HeadScreening.usualInputs))
    #expect(automatic(96) == .off)
    #expect(automatic(128, .f32) == .off)
    let rows = 32_768
    let (codes, scales) = (AlignedBuffer(byteCount: rows * 64), AlignedBuffer(byteCount: rows * 8))
    let q4 = WeightMatrix(
      EncodedMatrix(.q4, elements: codes, companions: [scales, scales], rows: rows, columns: 128), team: team)
    #expect(HeadScreening.automatic(for: q4, precision: .int8) == .off)
  }
}
