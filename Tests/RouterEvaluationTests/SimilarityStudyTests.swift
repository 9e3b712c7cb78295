import Foundation
import RouterDecoding
import RouterEvaluation
import RouterModel
import RouterPictures
import RouterTestSupport
import Testing

struct SimilarityStudyTests {
  private let language: LanguageModel
  private let prompt: [Int32] = Array("a prompt".utf8.map(Int32.init))
  private let answer: [Int32] = Array("answer".utf8.map(Int32.init))

  init() throws { language = try TinyLanguage.ofAllTokens() }

  private func report(positions: Int = 8) throws -> SimilarityReport {
    var study = SimilarityStudy(language, positions: positions)
    try study.add(prompt: prompt, answer: answer)
    return try study.report()
  }

  /// The last row's probabilities and head input after `depth` layers of the text, token by token.
  private func look(_ tokens: [Int32], depth: Int) throws -> (probabilities: [Double], state: [Double]) {
    let session = try InferenceSession(model: language.model, capacity: tokens.count)
    var logits = [Float](repeating: 0, count: language.vocabularySize)
    var state: [Double] = []
    for token in tokens {
      try session.begin(CollectionOfOne(token))
      session.advance(to: depth)
      state = UnsafeBufferPointer(start: session.headInput(rows: 0..<1), count: 32).map(Double.init)
      logits.withUnsafeMutableBufferPointer { buffer in
        if let base = buffer.baseAddress { session.logits(rows: 0..<1, into: base) }
      }
      session.advance(to: language.layerCount)
      session.commitFull()
    }
    let powers = logits.map { exp(Double($0)) }
    let sum = powers.reduce(0, +)
    return (powers.map { $0 / sum }, state)
  }

  @Test(arguments: [0, 3, 5])
  func eachPositionIsComparedAfterTheTextBeforeIt(position: Int) throws {
    let report = try report()
    #expect(report.prompts == 1 && report.pairs.count == 6)
    let text = prompt + answer.prefix(position)
    for pair in report.pairs {
      let (shallow, deep) = (try look(text, depth: pair.shallow), try look(text, depth: pair.deep))
      let divergence = zip(deep.probabilities, shallow.probabilities).reduce(0.0) {
        $0 + $1.0 * log($1.0 / $1.1)
      }
      #expect(abs((pair.divergence[position] ?? .nan) - divergence) < 1e-3 * max(1, divergence))
      func dot(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
      let cosine =
        dot(shallow.state, deep.state)
        / (dot(shallow.state, shallow.state) * dot(deep.state, deep.state)).squareRoot()
      #expect(abs((pair.cosine[position] ?? .nan) - cosine) < 1e-3)
    }
  }

  @Test func positionsBeyondEveryAnswerAreUnknown() throws {
    let pair = try #require(try report().pairs.first)
    #expect(pair.divergence.map { $0 != nil } == [true, true, true, true, true, true, false, false])
    #expect(pair.cosine[6] == nil)
  }

  @Test func withoutPromptsThereIsNoReport() {
    let error = #expect(throws: EvaluationError.self) { try SimilarityStudy(language).report() }
    #expect(error?.code == .noData)
  }

  @Test func heatMapsHaveACellForEachKnownNumber() throws {
    let maps = try report().heatMaps
    // Ground, 6 pairs x 6 positions, 20 steps of the legend.
    #expect(maps.divergence.svg.components(separatedBy: "<rect").count - 1 == 1 + 36 + 20)
    #expect(maps.cosine.svg.contains("1 - 2") && maps.cosine.svg.hasSuffix("</svg>\n"))
  }
}
