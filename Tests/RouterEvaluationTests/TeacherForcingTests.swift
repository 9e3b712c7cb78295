import Foundation
import RouterDecoding
import RouterEvaluation
import RouterExit
import RouterModel
import RouterRandom
import RouterTestSupport
import Testing

struct TeacherForcingTests {
  /// What a run of one token at a time says after each token: the definition.
  private struct Step {
    let argmax: Int
    /// ln of the probabilities.
    let logProbabilities: [Double]
    let hidden: [Float]
  }

  /// `[tokens.count][L]`
  private func steps(_ tokens: [Int32], on language: LanguageModel) throws -> [[Step]] {
    let session = try InferenceSession(model: language.model, capacity: tokens.count)
    return try tokens.map { token in
      try session.begin(CollectionOfOne(token))
      let steps = try language.exits.map { exit in
        session.advance(to: exit)
        var logits = [Float](repeating: 0, count: language.vocabularySize)
        try logits.withUnsafeMutableBufferPointer {
          session.logits(rows: 0..<1, into: try #require($0.baseAddress))
        }
        let largest = Double(try #require(logits.max()))
        let partition = logits.reduce(0) { $0 + exp(Double($1) - largest) }
        return Step(
          argmax: try #require(logits.firstIndex(of: Float(largest))),
          logProbabilities: logits.map { Double($0) - largest - log(partition) },
          hidden: Array(session.hidden))
      }
      session.commitFull()
      return steps
    }
  }

  private func cosine(_ a: [Float], _ b: [Float]) -> Double {
    func dot(_ a: [Float], _ b: [Float]) -> Double {
      zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    return max(0, dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot())
  }

  /// Within one batch of 128 tokens, at the borders of batches, and in later ones only.
  private static let ranges = [
    1..<300, 1..<2, 120..<140, 127..<129, 128..<129, 129..<130, 130..<131, 200..<300, 299..<300,
  ]

  @Test func scoresAreThoseOfARunTokenByToken() throws {
    let language = try TinyLanguage.ofAllTokens(contextLength: 320)
    var random = SplitMix64(seed: 5)
    let tokens = (0..<300).map { _ in Int32.random(in: 0..<257, using: &random) }
    let expected = try steps(tokens, on: language)
    for exits in [[1, 2, 3, 4], [2, 4], [4]] {
      for scored in Self.ranges {
        let scores = try TeacherForcing(language).scores(of: tokens, scored: scored, exits: exits)
        #expect(scores.map(\.count) == exits.map { _ in scored.count })
        for (index, exit) in exits.enumerated() {
          let previous = index > 0 ? exits[index - 1] : nil
          for (position, score) in zip(scored, scores[index]) {
            let step = expected[position - 1][exit - 1]
            let before = previous.map { expected[position - 1][$0 - 1].hidden }
            let isSame = try isSame(
              score, as: step, target: Int(tokens[position]),
              saturation: before.map { cosine(step.hidden, $0) })
            #expect(isSame, "position \(position) at exit \(exit) of \(exits), scored \(scored)")
          }
        }
      }
    }
  }

  private func isSame(_ score: TeacherForcing.Score, as step: Step, target: Int, saturation: Double?) throws
    -> Bool
  {
    let statistics = try #require(score.statistics)
    let largest = exp(step.logProbabilities[step.argmax])
    return score.argmax == Int32(step.argmax)
      && abs(score.crossEntropy + step.logProbabilities[target]) < 1e-4
      && abs(Double(statistics.maximumProbability) - largest) < 1e-4
      && abs(Double(score.saturation) - (saturation ?? 0)) < 1e-4
  }

  @Test func anEmptyRangeHasNoScores() throws {
    let language = try TinyLanguage.ofAllTokens()
    let scores = try TeacherForcing(language).scores(of: [1, 2, 3], scored: 2..<2, exits: [1, 4])
    #expect(scores == [[], []])
  }

  @Test func refusesATextBeyondTheContext() throws {
    let language = try TinyLanguage.ofAllTokens(contextLength: 32)
    let tokens = [Int32](repeating: 97, count: 40)
    #expect(throws: ModelError.self) {
      try TeacherForcing(language).scores(of: tokens, scored: 1..<40, exits: [4])
    }
  }
}
