import Foundation
import RouterEvaluation
import RouterTestSupport
import RouterTokenizer
import Testing

struct DatasetTests {
  private let directory: TemporaryDirectory

  init() throws { directory = try TemporaryDirectory() }

  private func file(_ name: String, _ text: String) throws -> String {
    try Data(text.utf8).write(to: URL(fileURLWithPath: directory.file(name)))
    return directory.file(name)
  }

  private func error(_ name: String, _ text: String) throws -> EvaluationError {
    let path = try file(name, text)
    return try #require(throws: EvaluationError.self) { try Dataset(path: path) }
  }

  /// One row of each form, and what it means.
  private static let forms: [(json: String, prompt: [ChatMessage], reference: String?, isQuestion: Bool)] = [
    (
      #"{"instruction": "Add.", "input": "1 and 2", "output": "3", "id": 7}"#,
      [ChatMessage(role: .user, content: "Add.\n1 and 2")], "3", false
    ),
    (#"{"instruction": "Sing.", "input": ""}"#, [ChatMessage(role: .user, content: "Sing.")], nil, false),
    (
      #"{"question": "Where?", "answer": "Here"}"#, [ChatMessage(role: .user, content: "Where?")], "Here",
      true
    ),
    (
      #"{"prompt": "Once", "completion": " upon"}"#, [ChatMessage(role: .user, content: "Once")], " upon",
      false
    ),
    (
      """
      {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, \
      {"role": "assistant", "content": "Hello"}]}
      """,
      [ChatMessage(role: .system, content: "Be brief."), ChatMessage(role: .user, content: "Hi")], "Hello",
      false
    ),
    (
      #"{"messages": [{"role": "user", "content": "Hi"}]}"#, [ChatMessage(role: .user, content: "Hi")], nil,
      false
    ),
  ]

  private func expectForms(_ examples: [PromptExample]) {
    #expect(examples.map(\.messages) == Self.forms.map(\.prompt))
    #expect(examples.map(\.reference) == Self.forms.map(\.reference))
    #expect(examples.map(\.isQuestion) == Self.forms.map(\.isQuestion))
  }

  @Test func readsEveryFormFromAnArray() throws {
    let text = "\n [" + Self.forms.map(\.json).joined(separator: ",\n") + "]\n"
    expectForms(try Dataset(path: file("data.json", text)).examples)
  }

  @Test func readsEveryFormFromLines() throws {
    expectForms(
      try Dataset(path: file("data.jsonl", Self.forms.map(\.json).joined(separator: "\n"))).examples)
  }

  @Test func passesOverBlankLinesAndLineEndsOfWindows() throws {
    let text = "\u{FEFF}\r\n \t\n" + Self.forms.map(\.json).joined(separator: "\r\n\r\n") + "\r\n\n"
    expectForms(try Dataset(path: file("data.jsonl", text)).examples)
  }

  @Test(arguments: ["data.json", "data.jsonl"])
  func passesOverAByteOrderMark(name: String) throws {
    let isArray = name == "data.json"
    let rows = Self.forms.map(\.json).joined(separator: isArray ? "," : "\n")
    expectForms(try Dataset(path: file(name, "\u{FEFF}" + (isArray ? "[\(rows)]" : rows))).examples)
  }

  @Test(arguments: ["data.json", "data.jsonl"])
  func readsTheFirstRowsUpToTheLimit(name: String) throws {
    let isArray = name == "data.json"
    let rows = (0..<5).map { #"{"prompt": "\#($0)"}"# }.joined(separator: isArray ? "," : "\n")
    let path = try file(name, isArray ? "[\(rows)]" : rows)
    #expect(try Dataset(path: path, limit: 2).examples.map { $0.messages[0].content } == ["0", "1"])
    #expect(try Dataset(path: path, limit: 9).examples.count == 5)
  }

  @Test func doesNotReadLinesBeyondTheLimit() throws {
    let path = try file("data.jsonl", "{\"prompt\": \"0\"}\nnonsense")
    #expect(try Dataset(path: path, limit: 1).examples.count == 1)
  }

  @Test func namesTheLineThatIsNotJSON() throws {
    let error = try error("data.jsonl", "{\"prompt\": \"a\"}\n\n{\"prompt\": \"b\"\n")
    #expect(error.code == .malformed)
    #expect(error.location == directory.file("data.jsonl") + ":3")
  }

  @Test func namesTheFileOfABrokenArray() throws {
    let error = try error("data.json", #"[{"prompt": "a"}, {"prompt": }]"#)
    #expect(error.code == .malformed)
    #expect(error.location?.hasPrefix(directory.file("data.json")) == true)
  }

  @Test(arguments: [
    #"{"text": "a"}"#,
    #"{"messages": [{"role": "assistant", "content": "Hello"}]}"#,
    #"{"messages": []}"#,
    #"{"messages": [{"role": "user", "content": "a"}, {"role": "system", "content": "b"}]}"#,
  ])
  func namesTheRowThatHasNoPrompt(json: String) throws {
    let inLines = try error("data.jsonl", "{\"prompt\": \"a\"}\n\(json)")
    #expect(inLines.code == .unusableRow)
    #expect(inLines.location == directory.file("data.jsonl") + ":2")
    let inArray = try error("data.json", "[{\"prompt\": \"a\"}, \(json)]")
    #expect(inArray.code == .unusableRow)
    #expect(inArray.location == directory.file("data.json") + " [1]")
    #expect(inArray.what == inLines.what)
  }

  @Test(arguments: [
    (#"{"prompt": 1}"#, ".prompt"),
    (#"{"question": "a", "answer": ["b"]}"#, ".answer"),
    (#"{"messages": "a"}"#, ".messages"),
    (#"{"messages": [{"role": "user"}]}"#, ".messages[0]"),
    (#"{"messages": [{"role": "user", "content": null}]}"#, ".messages[0].content"),
    (#"{"messages": [{"role": "poet", "content": "a"}]}"#, ".messages[0].role"),
  ])
  func namesTheFieldThatDoesNotFit(json: String, field: String) throws {
    let inLines = try error("data.jsonl", json)
    #expect(inLines.code == .malformed)
    #expect(inLines.location == directory.file("data.jsonl") + ":1 \(field)")
    let inArray = try error("data.json", "[{\"prompt\": \"a\"}, \(json)]")
    #expect(inArray.code == .malformed)
    #expect(inArray.location == directory.file("data.json") + " [1]\(field)")
  }

  @Test(arguments: ["", "\n\n", "[]", "\u{FEFF}"])
  func refusesAFileWithoutRows(text: String) throws {
    let error = try error("data.jsonl", text)
    #expect(error.code == .noData)
    #expect(error.location == directory.file("data.jsonl"))
  }

  @Test func refusesAFileThatIsNotThere() throws {
    let path = directory.file("absent.json")
    let error = try #require(throws: EvaluationError.self) { try Dataset(path: path) }
    #expect(error.code == .unreadable)
    #expect(error.location == path)
  }
}
