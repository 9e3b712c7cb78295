import Foundation
import RouterDecoding
import RouterEvaluation
import RouterTestSupport
import Testing

struct SuitabilityTests {
  private let language: LanguageModel

  init() throws { language = try TinyLanguage.ofAllTokens(amplitude: 0.1) }

  @Test func reportsWhatTeacherForcingSays() throws {
    var study = SuitabilityStudy(language)
    let (prompt, answer) = ("kind of question", "an answer of some bytes")
    let count = try study.add(example(#"{"prompt": "\#(prompt)", "completion": "\#(answer)"}"#))
    // The end-of-text token belongs to the answer.
    #expect(count == answer.utf8.count + 1)
    let report = try study.report()
    #expect(report.tokens == count)
    #expect(report.rows == 1)
    #expect(report.exits.map(\.depth) == [1, 2, 3, 4])

    let tokens = language.encode(prompt + answer) + [TinyLanguage.endOfText]
    let scores = try TeacherForcing(language).scores(
      of: tokens, scored: prompt.utf8.count..<tokens.count, exits: [1, 2, 3, 4])
    var oracle = 0
    for position in 0..<count {
      let argmaxes = scores.map { $0[position].argmax }
      oracle += 1 + (argmaxes.firstIndex(of: argmaxes[3]) ?? 3)
    }
    #expect(abs(report.oracleDepth - Double(oracle) / Double(count)) < 1e-12)
    let full = scores[3]
    for (exit, scores) in zip(report.exits, scores) {
      let agreeing = zip(scores, full).count { $0.argmax == $1.argmax }
      #expect(abs(exit.agreement - Double(agreeing) / Double(count)) < 1e-12)
      #expect(abs(exit.crossEntropy - scores.reduce(0) { $0 + $1.crossEntropy } / Double(count)) < 1e-9)
    }
    #expect(abs(report.perplexity - exp(report.exits[3].crossEntropy)) < 1e-9)
  }

  @Test func fullDepthAgreesWithItselfAndTheOracleIsNoDeeper() throws {
    var study = SuitabilityStudy(language)
    _ = try study.add(text: "Some text that is a little longer than one window.", window: 16) { _ in }
    let report = try study.report()
    #expect(report.exits.last?.agreement == 1)
    #expect((1...4).contains(report.oracleDepth))
    #expect(report.exits.allSatisfy { (0...1).contains($0.agreement) && $0.crossEntropy > 0 })
  }

  @Test func everyTokenOfAWindowButTheFirstIsScored() throws {
    var study = SuitabilityStudy(language)
    var shares: [Double] = []
    // 25 bytes in windows of 12: 11 and 11 scored tokens; the last byte alone predicts nothing.
    let count = try study.add(text: String(repeating: "ab cd", count: 5), window: 12) { shares.append($0) }
    #expect(count == 22)
    #expect(shares == [12.0 / 25, 24.0 / 25])
    #expect(try study.report().rows == 2)
  }

  @Test func rowsThatCannotBeScoredAreNoData() throws {
    var study = SuitabilityStudy(language)
    #expect(try study.add(example(#"{"prompt": "a"}"#)) == 0)
    #expect(try study.add(example(#"{"prompt": "a", "completion": ""}"#)) == 0)
    let long = String(repeating: "a", count: language.contextLength)
    #expect(try study.add(example(#"{"prompt": "\#(long)", "completion": "b"}"#)) == 0)
    let beforeData = study
    let error = try #require(throws: EvaluationError.self) { try beforeData.report() }
    #expect(error.code == .noData)
    _ = try study.add(example(#"{"prompt": "a", "completion": "b"}"#))
    #expect(try study.report().tokens == 2)
  }

  @Test func anAnswerIsCutOffAtTheContext() throws {
    var study = SuitabilityStudy(language)
    let answer = String(repeating: "a", count: 200)
    #expect(
      try study.add(example(#"{"prompt": "1234", "completion": "\#(answer)"}"#)) == language.contextLength - 4
    )
  }
}
