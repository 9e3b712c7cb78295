import Foundation
import RouterTokenizer
import Testing

/// Compares with the references on any amount of text; .ci/fixtures/tokenizer_corpus.py says how.
@Suite struct CorpusTests {
  /// A folder that the script wrote.
  private static let folder = ProcessInfo.processInfo.environment["ROUTER_TOKENIZER_CORPUS"]

  private func load<Value: Decodable>(_ url: URL, as type: Value.Type) throws -> Value {
    try JSONDecoder().decode(type, from: Data(contentsOf: url))
  }

  @Test(.enabled(if: folder != nil, "ROUTER_TOKENIZER_CORPUS names no folder"))
  func encodesACorpusAsTheReference() throws {
    let folder = URL(filePath: try #require(Self.folder), directoryHint: .isDirectory)
    let lines = try load(folder.appending(path: "lines.json"), as: [String].self)
    let suffix = ".definition.json"
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
      $0.hasSuffix(suffix)
    }
    .map { String($0.dropLast(suffix.count)) }
    try #require(!names.isEmpty && !lines.isEmpty)
    for name in names.sorted() {
      let definition = try load(folder.appending(path: name + suffix), as: TokenizerDefinition.self)
      let expected = try load(folder.appending(path: "\(name).ids.json"), as: [[TokenID]].self)
      let tokenizer = try Tokenizer(definition)
      try #require(expected.count == lines.count)
      let wrong = zip(lines, expected).filter { tokenizer.encode($0) != $1 }.map(\.0)
      #expect(wrong.isEmpty, "\(name): \(wrong.count) lines, the first is \(wrong.first.debugDescription)")
      print("\(name): \(lines.count - wrong.count) of \(lines.count) lines as the reference")
    }
  }
}
