import RouterKit
import RouterModel
import RouterTestSupport
import Testing

/// Hidden states and logits per exit of a text, through the library.
@Suite struct ExitReadingTests {
  private let tokens: [Int32] = [72, 105, 32, 104, 111]

  /// What the forward pass holds, token by token.
  @Test func readingsAreThoseOfTheForwardPass() throws {
    let model = try TinyLanguage.make()
    var found: [[Int]: (hidden: [Float], logits: [Float])] = [:]
    try model.readExits(of: tokens) { reading in
      found[[reading.position, reading.depth]] = (Array(reading.hidden), Array(reading.logits))
    }
    #expect(found.count == tokens.count * 4)
    let session = try InferenceSession(model: model.model, capacity: tokens.count)
    var logits = [Float](repeating: 0, count: model.vocabularySize)
    for (position, token) in tokens.enumerated() {
      try session.begin([token])
      for depth in model.exits {
        session.advance(to: depth)
        let reading = try #require(found[[position, depth]])
        #expect(reading.hidden == Array(session.hidden(row: 0)))
        session.logits(rows: 0..<1, into: &logits)
        #expect(reading.logits == logits)
      }
      session.commitFull()
    }
  }

  @Test func onlyWhatIsAskedForIsShown() throws {
    var places: [[Int]] = []
    try TinyLanguage.make().readExits(of: tokens, positions: 1..<3, exits: [2, 4], logits: false) { reading in
      places.append([reading.depth, reading.position])
      #expect(reading.logits.isEmpty && reading.hidden.count == 32)
    }
    #expect(places == [[2, 1], [2, 2], [4, 1], [4, 2]])
  }

  @Test func whatIsNotThereIsRefused() throws {
    let model = try TinyLanguage.make()
    func code(_ tokens: [Int32], _ positions: Range<Int>? = nil, _ exits: [Int]? = nil) -> GenerationError
      .Code?
    {
      do {
        try model.readExits(of: tokens, positions: positions, exits: exits) { _ in }
        return nil
      } catch {
        return (error as? GenerationError)?.code
      }
    }
    #expect(code([]) == .invalidRequest)
    #expect(code(tokens, 2..<6) == .invalidRequest)
    #expect(code(tokens, nil, [5]) == .invalidRequest)
    #expect(code(tokens, nil, [2, 1]) == .invalidRequest)
    #expect(code([1, 300]) == .invalidRequest)
    #expect(code(.init(repeating: 1, count: 129)) == .contextOverflow)
    #expect(code(tokens) == nil)
  }
}
