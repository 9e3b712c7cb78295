import Foundation
import RouterDecoding
import RouterEvaluation
import RouterTestSupport
import Testing

struct ForcedStudyTests {
  private let language: LanguageModel
  private let rows = [
    #"{"prompt": "kind of question", "completion": "an answer of some bytes"}"#,
    #"{"question": "another one", "answer": "yes"}"#, #"{"instruction": "do it", "output": "done."}"#,
  ]

  init() throws { language = try TinyLanguage.ofAllTokens(amplitude: 0.1) }

  /// The same figures as `router inspect --suitability`, which gathers them in another way.
  @Test func agreesWithTheSuitabilityStudy() throws {
    var (study, other) = (ForcedStudy(language), SuitabilityStudy(language))
    for text in rows {
      try study.add(example(text))
      _ = try other.add(example(text))
    }
    let (report, expected) = (try study.report(resamples: 200, seed: 1), try other.report())
    #expect(report.tokens == expected.tokens && report.prompts == 3 && report.skippedRows == 0)
    #expect(abs(report.oracleDepth - expected.oracleDepth) < 1e-12)
    for (exit, other) in zip(report.exits, expected.exits) {
      #expect(exit.depth == other.depth)
      #expect(abs(exit.agreement.mean - other.agreement) < 1e-12)
      #expect(abs(exit.crossEntropy.mean - other.crossEntropy) < 1e-9)
      #expect(exit.crossEntropy.low <= exit.crossEntropy.mean)
      #expect(exit.crossEntropy.high >= exit.crossEntropy.mean)
    }
    #expect(report.exits.last?.agreement == Interval(mean: 1, low: 1, high: 1))
    #expect(report.policies.map(\.estimator) == ["max-probability", "entropy"])
    for policy in report.policies {
      let depths = ["0.01", "0.02", "0.05", "0.1"].compactMap { policy.meanDepthAtRisk[$0] }
      #expect(depths.count == 4 && zip(depths, depths.dropFirst()).allSatisfy(>=))
    }
  }

  /// A model agrees with itself as its exits do with its full depth; with another it does not.
  @Test func exitsAreComparedWithTheOriginalsFullDepth() throws {
    func report(_ original: LanguageModel) throws -> ForcedReport {
      var study = ForcedStudy(language, original: original)
      for text in rows { try study.add(example(text)) }
      return try study.report(resamples: 10, seed: 1)
    }
    let itself = try report(language)
    #expect(itself.exits.allSatisfy { $0.originalAgreement == $0.agreement })
    #expect(itself.originalOracleDepth == itself.oracleDepth)
    let other = try report(TinyLanguage.ofAllTokens(amplitude: 0.3))
    #expect(other.exits.map(\.agreement) == itself.exits.map(\.agreement))
    let share = try #require(other.exits.last?.originalAgreement).mean
    #expect(share < 1 && other.originalOracleDepth ?? 0 > 1)
  }

  @Test func aPromptsOwnMeanDoesNotDependOnItsLength() throws {
    func report(_ rows: [String]) throws -> ForcedReport {
      var study = ForcedStudy(language)
      for text in rows { try study.add(example(text)) }
      return try study.report(resamples: 10, seed: 1)
    }
    let single = try rows.map { try report([$0]).exits[0].crossEntropy.mean }
    let mean = try report(rows).exits[0].promptCrossEntropy.mean
    #expect(abs(mean - single.reduce(0, +) / 3) < 1e-9)
  }

  @Test func saysWhatItLeftOut() throws {
    var study = ForcedStudy(language, limit: 12)
    // 3 bytes of prompt, 9 of 20 and an end of text.
    try study.add(example(#"{"prompt": "abc", "completion": "01234567890123456789"}"#))
    try study.add(example(#"{"prompt": "abc"}"#))
    try study.add(example(#"{"prompt": "a prompt beyond the limit", "completion": "a"}"#))
    let report = try study.report(resamples: 10, seed: 1)
    #expect(report.tokens == 9 && report.cutTokens == 12)
    #expect(report.prompts == 1 && report.skippedRows == 2)
  }

  @Test func nothingToScoreIsAnError() throws {
    let error = #expect(throws: EvaluationError.self) {
      try ForcedStudy(language).report(resamples: 10, seed: 1)
    }
    #expect(error?.code == .noData)
  }

  @Test func anAnswerThatWasBrokenOffHasNoEnd() throws {
    let whole = try language.scoredText(
      of: example(#"{"question": "q", "answer": "abc", "finish": "stop"}"#), limit: 100)
    let broken = try language.scoredText(
      of: example(#"{"question": "q", "answer": "abc", "finish": "length"}"#), limit: 100)
    #expect(whole?.tokens.last == TinyLanguage.endOfText && whole?.scored.count == 4)
    #expect(broken?.tokens == whole?.tokens.dropLast() && broken?.scored.count == 3)
  }

  /// Stanford Alpaca's template with an input; the answer follows it directly.
  @Test func theAlpacaTemplateIsUsedOnRequest() throws {
    let text = try language.scoredText(
      of: example(#"{"instruction": "do", "input": "this", "output": "ok"}"#), template: .alpaca, limit: 1000)
    let tokens = try #require(text?.tokens)
    #expect(
      language.decode(tokens).hasSuffix("### Instruction:\ndo\n\n### Input:\nthis\n\n### Response:ok"))
  }
}
