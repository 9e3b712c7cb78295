import RouterCheckpoint
import RouterModel
import RouterTensor
import RouterTestSupport
import Testing

/// A given text read in pieces, as runs of one token at a time read it.
struct TeacherForcedPassTests {
  private let fixture: ModelFixture
  private let model: LlamaModel
  private var tokens: [Int32] { fixture.tokens }
  private var width: Int { model.configuration.width }

  init() throws {
    fixture = try ModelFixture.named("qwen2")
    // Bits of its rows do not depend on the batch.
    model = TinyModel(configuration: fixture.configuration, encoding: .q8).model()
  }

  /// States and logits of one token at a time: the definition. `[exits][T]`
  private func steps(_ exits: [Int]) throws -> [[(state: [Float], logits: [Float], headInput: [Float])]] {
    let session = try InferenceSession(model: model, capacity: tokens.count)
    var found = exits.map { _ in [(state: [Float], logits: [Float], headInput: [Float])]() }
    for token in tokens {
      try session.begin(CollectionOfOne(token))
      for (index, exit) in exits.enumerated() {
        session.advance(to: exit)
        let input = UnsafeBufferPointer(start: session.headInput(rows: 0..<1), count: width)
        found[index].append((session.states, session.logits(), Array(input)))
      }
      session.advance(to: model.layerCount)
      session.commitFull()
    }
    return found
  }

  private static let wanted = [0..<24, 0..<1, 23..<24, 5..<9, 6..<19, 12..<24]

  @Test(arguments: wanted, [1, 4, 7, 256])
  func statesAndLogitsAreThoseOfStepsBitForBit(wanted: Range<Int>, batchRows: Int) throws {
    let vocabulary = model.configuration.vocabularySize
    for exits in [model.exits, [model.layerCount]] {
      let expected = try steps(exits)
      let pass = try TeacherForcedPass(
        model, tokens: tokens, wanted: wanted, exits: exits, batchRows: batchRows)
      var seen = exits.map { _ in [Int]() }
      while let states = try pass.next() {
        #expect(states.depth == exits[states.exitIndex])
        #expect(states.hidden.count == states.positions.count * width)
        seen[states.exitIndex] += states.positions
        for group in states.headGroups() {
          let logits = Array(states.logits(group))
          for (row, position) in group.enumerated() {
            let step = expected[states.exitIndex][position]
            let isSame =
              Array(states.hidden(at: position)) == step.state
              && Array(logits[row * vocabulary..<(row + 1) * vocabulary]) == step.logits
              && Array(states.headInput(at: position)) == step.headInput
            #expect(isSame, "position \(position) at exit \(exits[states.exitIndex])")
          }
        }
      }
      #expect(seen == exits.map { _ in Array(wanted) })
    }
  }

  @Test func aPieceOfWorkIsALayerAtMost() throws {
    let pass = try TeacherForcedPass(
      model, tokens: tokens, wanted: 9..<24, exits: [model.layerCount], batchRows: 8)
    var pieces: [String] = []
    while true {
      let progress = try pass.advance()
      switch progress {
      case .reading: pieces.append("r")
      case .stopped(let states): pieces.append("\(states.positions)")
      case .finished: pieces.append("end")
      }
      if case .finished = progress { break }
    }
    // A batch is taken in, runs its layers, and is let go.
    let layers = [String](repeating: "r", count: model.layerCount - 1)
    #expect(
      pieces == ["r"] + layers + ["r", "r"] + ["r"] + layers + ["9..<16", "r"] + ["r"] + layers
        + ["16..<24", "end"])
    // It stays finished.
    guard case .finished = try pass.advance() else {
      Issue.record("a finished pass went on")
      return
    }
  }

  @Test func headGroupsCoverThePositionsInOrder() throws {
    let pass = try TeacherForcedPass(model, tokens: tokens, wanted: 1..<24, exits: [model.layerCount])
    let states = try #require(try pass.next())
    #expect(states.headGroups() == [1..<17, 17..<24])
    #expect(states.headGroups(of: 10) == [1..<11, 11..<21, 21..<24])
  }

  @Test func aSessionIsUsedAgain() throws {
    let session = try InferenceSession(model: model, capacity: 24)
    let expected = try steps([model.layerCount])[0]
    for wanted in [3..<20, 0..<24] {
      let pass = TeacherForcedPass(in: session, tokens: tokens, wanted: wanted, exits: [model.layerCount])
      let states = try #require(try pass.next())
      #expect(Array(states.hidden) == expected[wanted].flatMap(\.state))
    }
  }

  @Test func nothingWantedIsNothingRead() throws {
    let pass = try TeacherForcedPass(model, tokens: [-1], wanted: 1..<1, exits: [1])
    #expect(try pass.next() == nil)
  }

  @Test func whatTheModelCannotReadIsRefused() throws {
    let long = [Int32](repeating: 1, count: model.configuration.contextLength + 1)
    let overflow = #expect(throws: ModelError.self) {
      try TeacherForcedPass(model, tokens: long, wanted: 0..<long.count, exits: [1])
    }
    #expect(overflow?.code == .contextOverflow)
    let pass = try TeacherForcedPass(model, tokens: [1, -1], wanted: 0..<2, exits: [1])
    let unknown = #expect(throws: ModelError.self) { try pass.next() }
    #expect(unknown?.code == .unknownToken)
  }
}
