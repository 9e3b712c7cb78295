import Foundation
import RouterDecoding
import RouterEvaluation
import RouterExit
import RouterTestSupport
import Testing

struct CostStoreTests {
  private let directory: TemporaryDirectory
  private let store: CostStore
  private let key: CostKey
  private let costs: CostModel

  init() throws {
    directory = try TemporaryDirectory()
    store = CostStore(directory: directory.file("costs"))
    key = CostKey(
      try TinyLanguage.ofAllTokens().model, fingerprint: TinyLanguage.fingerprint, tool: "router 1")
    costs = try CostModel(
      rows: [1], layers: [CostLine(base: 1, perPosition: 0.5)], heads: [2], decisionSeconds: ["entropy": 3])
  }

  @Test func storedCostsAreFound() throws {
    #expect(store.costs(for: key) == nil)
    try store.store(costs, for: key)
    #expect(store.costs(for: key) == costs)
  }

  @Test func anotherMachineModelOrVersionHasNone() throws {
    try store.store(costs, for: key)
    let model = try TinyLanguage.ofAllTokens().model
    let other = Processor(name: "another", cores: 2, lastLevelCacheByteCount: nil)
    let fingerprint = TinyLanguage.fingerprint
    #expect(
      store.costs(for: CostKey(model, fingerprint: fingerprint, tool: "router 1", processor: other)) == nil)
    #expect(store.costs(for: CostKey(model, fingerprint: "other", tool: "router 1")) == nil)
    #expect(store.costs(for: CostKey(model, fingerprint: fingerprint, tool: "router 2")) == nil)
    let codes = try TinyLanguage.make(keyValueType: .q8).model
    #expect(store.costs(for: CostKey(codes, fingerprint: fingerprint, tool: "router 1")) == nil)
    let threads = BenchmarkSubject(name: "", weights: "", fingerprint: nil, model: model).model(threads: 3)
    #expect(store.costs(for: CostKey(threads, fingerprint: fingerprint, tool: "router 1")) == nil)
  }

  /// A file under the right name whose key is another's is not believed.
  @Test func theKeyWithinTheFileCounts() throws {
    let other = CostKey(try TinyLanguage.ofAllTokens().model, fingerprint: "other", tool: "router 1")
    try store.store(costs, for: other)
    try FileManager.default.moveItem(atPath: store.path(for: other), toPath: store.path(for: key))
    #expect(store.costs(for: key) == nil)
  }

  @Test func aFileCutAnywhereHoldsNoCosts() throws {
    try store.store(costs, for: key)
    let path = store.path(for: key)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    for length in 0..<whole.count {
      try whole.prefix(length).write(to: URL(fileURLWithPath: path))
      #expect(store.costs(for: key) == nil, "cut after \(length) bytes")
    }
  }

  @Test func anotherFormIsNotRead() throws {
    try store.store(costs, for: key)
    let path = store.path(for: key)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try text.replacingOccurrences(of: #""version" : 3"#, with: #""version" : 4"#)
      .write(toFile: path, atomically: true, encoding: .utf8)
    #expect(store.costs(for: key) == nil)
  }

  @Test func aDirectoryThatCannotBeMadeIsAnError() throws {
    let file = directory.file("file")
    try Data().write(to: URL(fileURLWithPath: file))
    let error = #expect(throws: EvaluationError.self) {
      try CostStore(directory: "\(file)/costs").store(costs, for: key)
    }
    #expect(error?.code == .notStored)
  }
}
