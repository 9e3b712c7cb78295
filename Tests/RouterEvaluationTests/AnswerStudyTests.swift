import Foundation
import RouterCalibration
import RouterDecoding
import RouterEvaluation
import RouterExit
import RouterTestSupport
import Testing

struct AnswerStudyTests {
  private let language: LanguageModel
  private let settings = AnswerStudy.Settings(
    template: .chat, maximumTokens: 6, rule: .exact, resamples: 50, seed: 1)

  init() throws { language = try TinyLanguage.ofAllTokens() }

  private func question(_ text: String, answer: String) throws -> PromptExample {
    let fields = try JSONEncoder().encode(["question": text, "answer": answer])
    return try example(String(decoding: fields, as: UTF8.self))
  }

  @Test func aSubModelAnswersWithItsOwnLayers() throws {
    let study = AnswerStudy(language, settings)
    let run = try study.answer(to: example(#"{"prompt": "hello"}"#), by: .exit(2))
    #expect(run.depths == [Int](repeating: 2, count: run.depths.count) && !run.depths.isEmpty)
    let full = try study.answer(to: example(#"{"prompt": "hello"}"#), by: .exit(4))
    #expect(full.tokens != run.tokens)
  }

  /// The model's own answers as references are all right; others are all wrong.
  @Test func ownAnswersMatchExactly() throws {
    let study = AnswerStudy(language, settings)
    let prompts = ["hello", "good day", "1 + 1"]
    let own = try prompts.map { text in
      try question(text, answer: study.answer(to: question(text, answer: "?"), by: .exit(4)).text)
    }
    let report = try study.report(on: own, subject: .exit(4)) { _ in }
    #expect(report.exactMatch == Interval(mean: 1, low: 1, high: 1))
    #expect(report.rougeL.mean == 1 && report.prompts == 3 && report.subject == "exit 4")
    #expect(report.meanDepth.mean == 4)
    let other = try prompts.map { try question($0, answer: "no such answer") }
    #expect(try study.report(on: other, subject: .exit(4)) { _ in }.exactMatch?.mean == 0)
  }

  @Test func aPolicyIsASubjectToo() throws {
    let rows = [try example(#"{"prompt": "hello", "completion": "x"}"#)]
    let report = try AnswerStudy(language, settings).report(
      on: rows, subject: .plan(ExitPlan(FixedDepthPolicy(depth: 2), for: language, keyValues: .propagate))
    ) { _ in }
    // The prompt runs all four layers and gives the first token.
    #expect(report.meanDepth.mean == Double(4 + 5 * 2) / 6)
    #expect(report.exactMatch == nil)
  }

  @Test func rowsWithoutAReferenceAreNoData() throws {
    let error = #expect(throws: EvaluationError.self) {
      try AnswerStudy(language, settings).report(on: [example(#"{"prompt": "a"}"#)], subject: .exit(4)) { _ in
      }
    }
    #expect(error?.code == .noData)
  }

  @Test func exportsWhatPandaLMReads() throws {
    let directory = try TemporaryDirectory()
    let rows = [
      try example(#"{"instruction": "do", "input": "this", "output": "ok"}"#),
      try example(#"{"question": "why?", "answer": "so"}"#),
    ]
    let files = try PandaLMExport.write(
      rows, answers: [(.exit(2), ["a", "b"]), (.exit(4), ["c", "d"])], to: directory.file("judge"))
    func json(_ path: String) throws -> NSArray? {
      try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? NSArray
    }
    #expect(files.candidates.map { $0.split(separator: "/").last } == ["exit-2.json", "exit-4.json"])
    #expect(
      try json(files.prompts) == [
        ["instruction": "do", "input": "this"], ["instruction": "why?", "input": ""],
      ])
    #expect(try json(files.candidates[0]) == ["a", "b"])
    #expect(try json(files.candidates[1]) == ["c", "d"])
  }

  @Test func aConversationCannotBeJudged() throws {
    let directory = try TemporaryDirectory()
    let chat = try example(#"{"messages": [{"role": "user", "content": "hi"}]}"#)
    let error = #expect(throws: EvaluationError.self) {
      try PandaLMExport.write([chat], answers: [], to: directory.path)
    }
    #expect(error?.code == .unusableRow)
  }
}
