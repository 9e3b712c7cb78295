import Foundation
import RouterModel
import RouterTensor
import RouterTestSupport
import RouterTraining
import Testing

@Suite struct StateCacheTests {
  private let directory: TemporaryDirectory
  private let model: LlamaModel
  private let texts: [TrainingDocument]

  init() throws {
    directory = try TemporaryDirectory()
    model = try TinyModel.biased().model()
    texts = try Texts.random(9)
  }

  private func extract(_ name: String, stopAfter: Int = .max) throws -> String {
    let path = directory.file(name)
    try StateExtraction(model: model, fingerprint: "tiny", topCount: 4).run(texts, into: path) {
      documents, _ in
      documents < stopAfter
    }
    return path
  }

  @Test func rowsHoldTheStatesOfTheModel() throws {
    let cache = try StateCache(path: try extract("states"))
    #expect(cache.rowCount == texts.reduce(0) { $0 + $1.scored.count })
    let batch = StateBatch(layout: cache.layout, capacity: 1)
    var row = 0
    for text in texts {
      let session = try InferenceSession(model: model, capacity: text.tokens.count)
      try session.begin(text.tokens)
      var states: [[Float]] = []
      for exit in model.exits {
        session.advance(to: exit)
        states.append(Array(session.hidden))
      }
      var logits = [Float](repeating: 0, count: text.tokens.count * 67)
      logits.withUnsafeMutableBufferPointer {
        if let base = $0.baseAddress { session.logits(rows: 0..<text.tokens.count, into: base) }
      }
      for token in text.scored {
        try batch.load(CollectionOfOne(Int32(row)), from: cache, vocabularySize: 67)
        #expect(batch.targets == [text.tokens[token]])
        let own = logits[(token - 1) * 67..<token * 67]
        #expect(own[own.startIndex + Int(batch.argmax(0))] == own.max())
        for exit in model.exits.indices {
          let expected = states[exit][(token - 1) * 32..<token * 32]
          let scale = batch.scales(exit)[0]
          // f16 keeps 11 bits.
          for (i, value) in expected.enumerated() {
            #expect(abs(batch.states(exit)[i] * scale - value) < 1e-3 * abs(value) + 1e-3 * scale)
          }
        }
        row += 1
      }
    }
  }

  @Test func anInterruptedExtractionEndsInTheSameBytes() throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: try extract("whole")))
    for cut in [0, 100, 4096, 4100, whole.count / 2, whole.count - 1] {
      let path = directory.file("part \(cut)")
      try whole.prefix(cut).write(to: URL(fileURLWithPath: path))
      #expect(try Data(contentsOf: URL(fileURLWithPath: extract("part \(cut)"))) == whole)
    }
    _ = try extract("stopped", stopAfter: 4)
    #expect(try Data(contentsOf: URL(fileURLWithPath: extract("stopped"))) == whole)
  }

  @Test func statesOfAnotherModelAreRefused() throws {
    let path = try extract("states")
    let error = #expect(throws: TrainingError.self) {
      try StateExtraction(model: model, fingerprint: "another", topCount: 4).run(texts, into: path)
    }
    #expect(error?.code == .foreignFile)
  }

  @Test func statesOfOtherTextsAreRefusedAndKept() throws {
    let path = try extract("states")
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    let other = try Texts.random(9, name: "others")
    for documents in [other, Array(texts.dropFirst()), Array(texts.prefix(5)) + other] {
      let error = #expect(throws: TrainingError.self) {
        try StateExtraction(model: model, fingerprint: "tiny", topCount: 4).run(documents, into: path)
      }
      #expect(error?.code == .foreignFile && error?.location == path)
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
  }

  @Test func aFileThatIsNoCacheIsRefused() throws {
    let path = directory.file("other")
    for bytes in [
      Data(), Data("hello".utf8), Data(count: 5000), Data("RTRSTAT1{\"exits\":[]}".utf8) + Data(count: 5000),
    ] {
      try bytes.write(to: URL(fileURLWithPath: path))
      #expect(#expect(throws: TrainingError.self) { try StateCache(path: path) }?.code == .corruptFile)
    }
    #expect(throws: TrainingError.self) { try StateCache(path: directory.file("none")) }
  }

  @Test func theLargestValuesComeInOrder() {
    let values: [Float] = [1, 5, .nan, 3, 5, -2]
    values.withUnsafeBufferPointer {
      #expect(TopTokens.largest(3, of: $0) == [1, 4, 3])
      #expect(TopTokens.largest(6, of: $0) == [1, 4, 3, 0, 5, 2])
    }
  }
}
