import Foundation
import RouterCheckpoint
import RouterDecoding
import RouterExit
import RouterModel
import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// The laws of kept prefixes: what is kept changes when an answer comes, and nothing in it; what is restored is what was
/// kept; what cannot be kept or restored changes nothing.
@Suite(.timeLimit(.minutes(2)))
struct PrefixStoreTests {
  private struct Site {
    let directory: TemporaryDirectory
    let language: LanguageModel
    var path: String { directory.file("prefixes") }

    init(contextLength: Int = 600) throws {
      directory = try TemporaryDirectory()
      language = try TinyLanguage.make(contextLength: contextLength)
    }

    func engine(pages: Int = 64, of language: LanguageModel? = nil) -> InferenceEngine {
      let model = language ?? self.language
      return InferenceEngine(
        model: model, keyValueMemory: pages * KeyValueLayout(of: model.model).pageByteCount,
        keepsPrefixes: true)
    }

    func store(_ engine: InferenceEngine, at path: String? = nil) throws -> PrefixStore {
      try PrefixStore(path: path ?? self.path, for: engine, tool: "tests")
    }

    func bytes(_ path: String? = nil) throws -> [UInt8] {
      [UInt8](try Data(contentsOf: URL(fileURLWithPath: path ?? self.path)))
    }
  }

  private func letters(_ count: Int, seed: UInt64 = 0) -> [Int32] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in Int32(TinyLanguage.letters.randomElement(using: &random) ?? 97) }
  }

  private func request(
    _ prompt: [Int32], way: Int = 0, scope: String? = "", tokens: Int = 12
  ) throws -> GenerationRequest {
    GenerationRequest(
      prompt: prompt, maximumTokens: tokens, decoding: try .tiny(way: way), ignoresEndOfText: true,
      prefixScope: scope)
  }

  /// Expects an engine's answer to be that of a cold start; returns how many tokens were not read.
  private func cached(
    _ request: GenerationRequest, in engine: InferenceEngine, _ comment: String = ""
  ) async throws -> Int {
    let found = try await Transcript(engine.submit(request))
    found.expectSame(as: try Transcript(request, on: engine.model), comment)
    return try #require(found.summary?.cachedTokenCount)
  }

  private func failure(_ body: () async throws -> Void) async -> PrefixError? {
    do {
      try await body()
      return nil
    } catch {
      return error as? PrefixError
    }
  }

  /// In every way to decode, before and after a restart.
  @Test(arguments: [8, 100, 128, 256, 300])
  func anAnswerIsThatOfAColdStart(count: Int) async throws {
    let site = try Site()
    let prefix = letters(count)
    let engine = site.engine()
    let store = try site.store(engine)
    let kept = try await store.keep(prefix, as: "system")
    #expect(kept.tokenCount == count && kept.pageCount == (count + 127) / 128)
    #expect(store.list == [kept] && store["system"] == kept && store["other"] == nil)
    let restarted = site.engine()
    #expect(try site.store(restarted).list == [kept])
    for way in 0..<Decoding.tinyWays {
      let prompt = prefix + letters(20, seed: UInt64(way) + 1)
      for engine in [engine, restarted] {
        #expect(try await cached(request(prompt, way: way), in: engine, "way \(way)") >= count)
        #expect(try await cached(request(prompt, way: way, scope: "salt"), in: engine) < count + 20)
        #expect(try await cached(request(prompt, way: way, scope: nil), in: engine) == 0)
      }
    }
    // The prompt is the prefix alone: the head reads its last token.
    #expect(try await cached(request(prefix), in: restarted) == (count == 8 ? 0 : count - 1))
  }

  @Test func otherScopesNeverFindIt() async throws {
    let site = try Site()
    let engine = site.engine()
    let prefix = letters(200)
    _ = try await site.store(engine).keep(prefix, as: "system")
    let restarted = site.engine()
    let store = try site.store(restarted)
    for scope in ["salt", nil] {
      #expect(try await cached(request(prefix + [97], scope: scope), in: restarted) == 0)
    }
    #expect(store.usage == PrefixUsage(count: 1, pages: 2, pageLimit: 16))
  }

  /// Little memory, and many others.
  @Test func whatIsKeptStaysWhateverComes() async throws {
    let site = try Site()
    let language = site.language
    let engine = site.engine(pages: 12)
    let store = try site.store(engine)
    let prefixes = [letters(150, seed: 1), letters(128, seed: 2)]
    for (index, prefix) in prefixes.enumerated() { _ = try await store.keep(prefix, as: "p\(index)") }
    #expect(store.usage == PrefixUsage(count: 2, pages: 3, pageLimit: 3))
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<40 {
        let own = letters(30 + index * 7, seed: UInt64(index) + 100)
        let prompt = index % 2 == 0 ? own : prefixes[index / 2 % 2] + own.prefix(60)
        let request = try request(prompt, way: index % Decoding.tinyWays)
        group.addTask {
          let found = try await Transcript(engine.submit(request))
          found.expectSame(as: try Transcript(request, on: language), "request \(index)")
          if index % 2 == 1 { #expect(found.summary?.cachedTokenCount ?? 0 >= 128) }
        }
      }
      try await group.waitForAll()
    }
    #expect(try await eventually { engine.keyValueMemory.heldPages == 3 })
    for (name, prefix) in zip(["p0", "p1"], prefixes) {
      #expect(try await cached(request(prefix + letters(9, seed: 5)), in: engine) >= prefix.count)
      try await store.forget(name)
    }
    #expect(try await eventually { engine.keyValueMemory.heldPages == 0 })
    #expect(store.list.isEmpty && store.usage.pages == 0)
  }

  /// While a prompt is read to be kept, the answers of others go on, and are what they would have been.
  @Test func othersGoOnMeanwhile() async throws {
    let site = try Site()
    let engine = site.engine()
    let store = try site.store(engine)
    let requests = try (0..<6).map { try request(letters(40, seed: UInt64($0)), way: $0, tokens: 60) }
    async let kept = store.keep(letters(400, seed: 50), as: "long")
    async let same = store.keep(letters(400, seed: 50), as: "twin")
    for (request, stream) in try requests.map({ ($0, try engine.submit($0)) }) {
      try await Transcript(stream).expectSame(as: try Transcript(request, on: site.language), "")
    }
    let (first, second) = try await (kept, same)
    #expect(first.tokenCount == 400 && second.pageCount == 4)
    #expect(store.list.map(\.name) == ["long", "twin"])
    // Three whole pages are one another's, the fourth is each one's own.
    #expect(store.usage.pages == 5)
  }

  @Test func theFileIsTheSameAfterARestart() async throws {
    let site = try Site()
    let store = try site.store(site.engine())
    for (index, name) in ["b", "a", "c"].enumerated() {
      _ = try await store.keep(letters(100 + 60 * index, seed: UInt64(index)), as: name)
    }
    let before = try site.bytes()
    let again = try site.store(site.engine())
    #expect(again.list == store.list && again.list.map(\.name) == ["a", "b", "c"])
    try await again.forget("b")
    _ = try await store.keep(letters(90), as: "b")
    try await store.forget("b")
    #expect(try site.bytes() != before)
    let last = try site.store(site.engine())
    #expect(last.list == store.list && last.list == again.list)
    for name in ["a", "c"] { try await last.forget(name) }
    #expect(try site.store(site.engine()).list.isEmpty)
    // The pages do not depend on what the memory held before.
    let other = try site.store(site.engine(), at: site.directory.file("other"))
    for (index, name) in ["b", "a", "c"].enumerated().reversed() {
      _ = try await other.keep(letters(100 + 60 * index, seed: UInt64(index)), as: name)
    }
    func pages(_ path: String) throws -> [[UInt8]] {
      try PrefixFile(path: path).load().map { Array($0.pages.bytes) }
    }
    try Data(before).write(to: URL(fileURLWithPath: site.path))
    let isSame = try pages(site.path) == pages(site.directory.file("other"))
    #expect(isSame)
  }

  @Test func theSameNameReplaces() async throws {
    let site = try Site()
    let engine = site.engine()
    let store = try site.store(engine)
    let (first, second) = (letters(200, seed: 1), letters(140, seed: 2))
    _ = try await store.keep(first, as: "a")
    _ = try await store.keep(second, as: "a")
    #expect(store.list.map(\.tokenCount) == [140] && store.usage.pages == 2)
    let restarted = site.engine()
    #expect(try site.store(restarted).list == store.list)
    #expect(try await cached(request(second + [97]), in: restarted) == 140)
    #expect(try await cached(request(first + [97]), in: restarted) == 0)
  }

  // MARK: Refusals

  @Test(arguments: [
    "", ".a", "-a", "_a", "a b", "a/b", "..", "\u{E9}", "a\n", String(repeating: "a", count: 65),
  ])
  func aBadNameIsRefused(name: String) async throws {
    let site = try Site()
    let store = try site.store(site.engine())
    let error = await failure { _ = try await store.keep(letters(20), as: name) }
    #expect(error?.code == .invalidName)
    #expect(try store.list.isEmpty && site.directory.contents().isEmpty)
  }

  @Test func whatIsTooMuchIsRefused() async throws {
    let site = try Site()
    let engine = site.engine(pages: 12)
    let store = try site.store(engine)
    #expect(await failure { _ = try await store.keep(letters(7), as: "a") }?.code == .tooShort)
    let error = await failure { _ = try await store.keep(letters(385), as: "a") }
    #expect(error?.code == .tooLarge && error?.remedy.contains("--kv-memory") == true)
    _ = try await store.keep(letters(300), as: "a")
    // What both begin with is counted once.
    _ = try await store.keep(letters(256), as: "b")
    #expect(store.usage.pages == 3)
    #expect(await failure { _ = try await store.keep(letters(200, seed: 2), as: "c") }?.code == .tooLarge)
    // The old one is there until the new one is written.
    #expect(await failure { _ = try await store.keep(letters(300, seed: 2), as: "a") }?.code == .tooLarge)
    #expect(store.list.map(\.name) == ["a", "b"])
    #expect(await failure { try await store.forget("c") }?.code == .unknownName)
    let long = await #expect(throws: GenerationError.self) {
      try await site.store(site.engine(), at: site.directory.file("b")).keep(letters(600), as: "a")
    }
    #expect(long?.code == .contextOverflow)
    let stray = await #expect(throws: GenerationError.self) {
      try await site.store(site.engine(), at: site.directory.file("c")).keep(
        [Int32](repeating: 257, count: 20), as: "d")
    }
    #expect(stray?.code == .invalidRequest)
  }

  @Test func thereAreOnlySoMany() async throws {
    let site = try Site()
    let store = try site.store(site.engine(pages: 400))
    let text = letters(80)
    for index in 0..<64 { _ = try await store.keep(text, as: "n\(index)") }
    #expect(await failure { _ = try await store.keep(text, as: "one-more") }?.code == .tooLarge)
    _ = try await store.keep(text, as: "n3")
    #expect(store.list.count == 64)
  }

  /// A request that could only run without the kept prefixes is refused, and does not wait for ever.
  @Test func requestsHaveTheRest() async throws {
    let site = try Site()
    let engine = site.engine(pages: 4)
    let error = #expect(throws: GenerationError.self) { try engine.submit(request(letters(380))) }
    #expect(error?.code == .contextOverflow)
    _ = try await site.store(engine).keep(letters(100), as: "a")
    #expect(try await cached(request(letters(372, seed: 3)), in: engine) == 0)
    let single = site.engine(pages: 1)
    #expect(
      await failure { _ = try await site.store(single, at: "/nowhere").keep(letters(20), as: "a") }?.code
        == .tooLarge)
  }

  /// A file that cannot be written: nothing is kept that is not in it, and nothing is lost.
  @Test func whatCannotBeWrittenIsNotKept() async throws {
    let site = try Site()
    let folder = site.directory.file("folder")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let store = try site.store(site.engine(), at: folder + "/prefixes")
    let kept = try await store.keep(letters(100), as: "a")
    try FileManager.default.moveItem(atPath: folder, toPath: folder + "-away")
    for attempt in 0..<2 {
      let error = await failure {
        _ = try await store.keep(letters(90, seed: 2), as: attempt == 0 ? "b" : "a")
      }
      #expect(error?.code == .storageFailure && error?.path == folder + "/prefixes")
    }
    #expect(await failure { try await store.forget("a") }?.code == .storageFailure)
    #expect(store.list == [kept] && store.usage.pages == 1)
    try FileManager.default.moveItem(atPath: folder + "-away", toPath: folder)
    #expect(try site.store(site.engine(), at: folder + "/prefixes").list == [kept])
    _ = try await store.keep(letters(90, seed: 2), as: "b")
    #expect(try site.store(site.engine(), at: folder + "/prefixes").list == store.list)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["prefixes"])
  }

  @Test func anEngineThatShutsDownKeepsNothingMore() async throws {
    let site = try Site()
    let engine = site.engine()
    let store = try site.store(engine)
    await engine.shutDown(grace: .zero)
    let error = await #expect(throws: GenerationError.self) { try await store.keep(letters(90), as: "a") }
    #expect(error?.code == .shuttingDown && store.list.isEmpty)
  }

  /// Whoever is cancelled while the prompt is read or waits for its turn keeps nothing, and is in nobody's way.
  @Test func aCancelledRequestKeepsNothing() async throws {
    let site = try Site(contextLength: 5000)
    let engine = site.engine(pages: 400)
    let store = try site.store(engine)
    let tasks = (0..<3).map { index in
      let tokens = letters(4900, seed: UInt64(index))
      return Task { try await store.keep(tokens, as: "n\(index)") }
    }
    #expect(try await eventually { engine.keyValueMemory.heldPages > 0 })
    for task in tasks { task.cancel() }
    for task in tasks { await #expect(throws: (any Error).self) { try await task.value } }
    #expect(try store.list.isEmpty && site.directory.contents().isEmpty)
    #expect(try await store.keep(letters(90), as: "a").tokenCount == 90)
    #expect(try await eventually { engine.keyValueMemory.heldPages == 1 })
  }

  // MARK: Files that are not this engine's

  private func change(_ path: String, _ body: (inout [String: Any]) -> Void) throws {
    let file = try PrefixFile(path: path)
    let origin = try JSONSerialization.jsonObject(with: JSONEncoder().encode(file.record.origin))
    var fields = try #require(origin as? [String: Any])
    body(&fields)
    let changed = try JSONDecoder().decode(
      PrefixRecord.Origin.self, from: JSONSerialization.data(withJSONObject: fields))
    let prefixes = try file.load()
    let size = file.record.origin.pageByteCount
    try PrefixFile.write(
      to: path, origin: changed,
      prefixes: prefixes.map { prefix in
        .init(entry: prefix.entry, tokens: prefix.tokens) { page, bytes in
          bytes.copyMemory(
            from: UnsafeRawBufferPointer(rebasing: prefix.pages.bytes[page * size..<(page + 1) * size]))
        }
      }, base: TinyLanguage.make().metadata, tool: "tests")
  }

  @Test(arguments: [
    ("model_sha256", "b5b5"), ("element", "f32"), ("layout", "other"), ("activations", "f32"),
    ("kernels", "other"),
  ])
  func aForeignFileIsRefused(field: String, value: String) async throws {
    let site = try Site()
    _ = try await site.store(site.engine()).keep(letters(100), as: "a")
    try change(site.path) { _ in }
    #expect(try site.store(site.engine()).list.count == 1)
    try change(site.path) { $0[field] = value }
    let error = #expect(throws: PrefixError.self) { try site.store(site.engine()) }
    #expect(error?.code == .foreignFile && error?.path == site.path)
    #expect(error?.remedy.contains("--prefix-file") == true)
  }

  @Test func layersThatAreNotLoadedAreMissed() async throws {
    let site = try Site()
    _ = try await site.store(site.engine()).keep(letters(100), as: "a")
    let shallow = try TinyLanguage.make(layers: 3, contextLength: 600)
    let error = #expect(throws: PrefixError.self) { try site.store(site.engine(of: shallow)) }
    #expect(error?.code == .foreignFile && error?.remedy.contains("--max-exit") == true)
  }

  @Test func aFileThatTheEngineHasNoRoomForIsRefused() async throws {
    let site = try Site()
    _ = try await site.store(site.engine()).keep(letters(500), as: "a")
    let error = #expect(throws: PrefixError.self) { try site.store(site.engine(pages: 15)) }
    #expect(error?.code == .tooLarge && error?.remedy.contains("--kv-memory 1 MiB") == true)
    #expect(try site.store(site.engine(pages: 16)).list.count == 1)
    let brief = try TinyLanguage.make(contextLength: 400)
    #expect(throws: PrefixError.self) { try site.store(site.engine(of: brief)) }
  }

  @Test func tokensOutsideTheVocabularyAreRefused() async throws {
    let site = try Site()
    _ = try await site.store(site.engine()).keep(letters(100), as: "a")
    let file = try PrefixFile(path: site.path)
    for stray: Int32 in [257, -1, .max, .min] {
      try PrefixFile.write(
        to: site.path, origin: file.record.origin,
        prefixes: [.init(entry: file.record.prefixes[0], tokens: letters(99) + [stray]) { _, _ in }],
        base: site.language.metadata, tool: "tests")
      let error = #expect(throws: PrefixError.self) { try site.store(site.engine()) }
      #expect(error?.code == .invalidFile && error?.what.contains("\(stray)") == true)
    }
  }

  /// A damaged file stops the start and is left as it is.
  @Test func aDamagedFileIsRefused() async throws {
    let site = try Site()
    _ = try await site.store(site.engine()).keep(letters(300), as: "a")
    let good = try site.bytes()
    let engine = site.engine()
    var random = SplitMix64(seed: 4)
    for round in 0..<60 {
      var bytes = good
      if round % 2 == 0 {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      } else {
        bytes.removeLast(Int.random(in: 1...bytes.count, using: &random))
      }
      try site.directory.write(bytes, as: "prefixes")
      #expect(throws: CheckpointError.self) { try site.store(engine) }
    }
    #expect(engine.keyValueMemory.heldPages == 0)
    try site.directory.write(good, as: "prefixes")
    let restored = try site.store(engine)
    #expect(restored.list.count == 1 && engine.keyValueMemory.heldPages == 3)
  }
}
