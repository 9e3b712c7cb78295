import Foundation
import RouterDecoding
import RouterEvaluation
import RouterTestSupport
import RouterTokenizer
import Testing

struct SelfDistillationTests {
  private let language: LanguageModel
  private let examples: [PromptExample]

  init() throws {
    language = try TinyLanguage.ofAllTokens()
    examples = try ["one", "two", "three", "four"].map { try example(#"{"prompt": "\#($0)"}"#) }
  }

  private func distil(_ examples: [PromptExample], to path: String, seed: UInt64 = 1, stopAfter: Int = .max)
    throws
  {
    try SelfDistillation(language, .init(maximumTokens: 5, temperature: 1, seed: seed)).run(
      on: examples, to: path
    ) {
      $0 < stopAfter
    }
  }

  private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

  @Test func answersAreTheModelsOwn() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("a.jsonl")
    try distil(examples, to: path)
    let written = try Dataset(path: path).examples
    #expect(written.map { $0.messages.last?.content } == ["one", "two", "three", "four"])
    #expect(written.map(\.isBrokenOff) == [true, true, true, true])
    // Every other answer is greedy.
    let greedy = try FreeRunningAnswer(
      prompt: language.promptTokens(of: examples[0]), maximumTokens: 5, stopStrings: [], on: language
    )
    #expect(written[0].reference == greedy.text)
  }

  @Test func aRunThatWasCutGoesOnToTheSameFile() throws {
    let directory = try TemporaryDirectory()
    let (whole, parts) = (directory.file("whole"), directory.file("parts"))
    try distil(examples, to: whole)
    try distil(examples, to: parts, stopAfter: 2)
    #expect(try Dataset(path: parts).examples.count == 2)
    // Killed in the middle of a line.
    let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: parts))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data(#"{"answer":"hal"#.utf8))
    try handle.close()
    try distil(examples, to: parts)
    #expect(try text(parts) == text(whole))
    // Nothing is left to do.
    try distil(examples, to: parts)
    #expect(try text(parts) == text(whole))
  }

  @Test func theSeedDecidesWhatIsSampled() throws {
    let directory = try TemporaryDirectory()
    try distil(examples, to: directory.file("1"), seed: 1)
    try distil(examples, to: directory.file("2"), seed: 2)
    let (first, second) = (
      try Dataset(path: directory.file("1")).examples, try Dataset(path: directory.file("2")).examples
    )
    #expect(first[0] == second[0] && first[2] == second[2])
    #expect(first[1] != second[1] || first[3] != second[3])
  }

  @Test func anotherFileIsNotOverwritten() throws {
    let directory = try TemporaryDirectory()
    let path = directory.file("a")
    try Data("something else\n".utf8).write(to: URL(fileURLWithPath: path))
    let error = #expect(throws: EvaluationError.self) { try distil(examples, to: path) }
    #expect(error?.code == .malformed)
    #expect(try text(path) == "something else\n")
  }

  @Test func aPlaceThatCannotBeWrittenIsAnError() throws {
    let error = #expect(throws: EvaluationError.self) { try distil(examples, to: "/no/such/directory/a") }
    #expect(error?.code == .notStored && error?.location == "/no/such/directory/a")
  }
}
