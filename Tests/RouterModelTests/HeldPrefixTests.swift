import RouterCheckpoint
import RouterModel
import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// Prefixes that a pool keeps: their pages are what they were, and are found, whatever else comes and goes.
struct HeldPrefixTests {
  private struct Site {
    let model: LlamaModel
    let runner: ModelRunner

    init(element: CacheElement? = nil) throws {
      let small = try ModelFixture.named("tied head").configuration
      let configuration = try ModelConfiguration(
        architecture: small.architecture, layerCount: 2, width: small.width, headCount: small.headCount,
        keyValueHeadCount: small.keyValueHeadCount, headWidth: small.headWidth,
        feedForwardWidth: small.feedForwardWidth, vocabularySize: small.vocabularySize, contextLength: 1000,
        normEpsilon: small.normEpsilon, rotary: small.rotary, tiedHead: small.tiedHead,
        attentionBias: small.attentionBias)
      model = TinyModel(configuration: configuration, encoding: .q8).model()
      runner = ModelRunner(of: model)
    }

    func pool(pages: Int? = nil, element: CacheElement? = nil) -> KeyValuePool {
      KeyValuePool(KeyValueLayout(of: model, element: element), pageLimit: pages)
    }

    func tokens(_ count: Int, seed: UInt64) -> [Int32] {
      var random = SplitMix64(seed: seed)
      return (0..<count).map { _ in Int32.random(in: 0..<90, using: &random) }
    }

    /// A sequence that has run tokens, but for those that the pool knows.
    func sequence(of tokens: [Int32], in pool: KeyValuePool) throws -> (ModelSequence, known: Int) {
      let sequence = try ModelSequence(of: model, in: pool, capacity: tokens.count)
      let known = sequence.adopt(tokens, limit: tokens.count - 1, scope: "")
      var left = tokens.dropFirst(known)
      while !left.isEmpty {
        let part = left.prefix(70)
        try sequence.begin(part)
        var batch = RowBatch()
        batch.append(sequence, rows: 0..<part.count)
        runner.run(layers: 0..<2, on: batch)
        sequence.record(LayerRun(layers: 0..<2, rows: 0..<part.count))
        sequence.commitFull()
        left = left.dropFirst(70)
      }
      sequence.remember(tokens, scope: "")
      return (sequence, known)
    }

    func held(_ tokens: [Int32], in pool: KeyValuePool) throws -> HeldPrefix {
      try #require(try sequence(of: tokens, in: pool).0.hold(tokens, scope: ""))
    }
  }

  private func bytes(_ prefix: HeldPrefix, _ pool: KeyValuePool) -> [[UInt8]] {
    prefix.pages.indices.map { page in
      var bytes = [UInt8](repeating: 1, count: pool.layout.pageByteCount)
      bytes.withUnsafeMutableBytes { prefix.copyPage(page, into: $0) }
      return bytes
    }
  }

  /// What others left behind the last position, in the page and in the sequence itself, is not kept.
  @Test(arguments: CacheElement.allCases, [1, 8, 63, 64, 65, 127, 128, 129, 190, 200])
  func aPageHoldsNothingBehindTheLastPosition(element: CacheElement, count: Int) throws {
    let site = try Site()
    let tokens = site.tokens(200, seed: 1)
    let clean = site.pool(element: element)
    let expected = bytes(try site.held(Array(tokens[..<count]), in: clean), clean)
    let dirty = site.pool(element: element)
    // Pages come back with what these have left in them.
    for seed in 2..<5 as Range<UInt64> { _ = try site.sequence(of: site.tokens(300, seed: seed), in: dirty) }
    dirty.forgetAll()
    let (sequence, _) = try site.sequence(of: tokens, in: dirty)
    dirty.forgetAll()
    let prefix = try #require(sequence.hold(Array(tokens[..<count]), scope: ""))
    let isSame = bytes(prefix, dirty) == expected
    #expect(isSame)
    #expect(prefix.pages.count == (count + 127) / 128)
  }

  @Test func whatIsNotExactOrNotCompleteIsNotKept() throws {
    let site = try Site()
    let pool = site.pool()
    let tokens = site.tokens(100, seed: 1)
    let (sequence, _) = try site.sequence(of: tokens, in: pool)
    #expect(sequence.hold(tokens + [1], scope: "") == nil && sequence.hold([], scope: "") == nil)
    let shallow = try ModelSequence(of: site.model, in: pool, capacity: 10, depthLimit: 1)
    #expect(shallow.hold([1], scope: "") == nil)
  }

  /// A thousand one-off prompts in little memory, some of which begin as the kept one and go on otherwise.
  @Test(arguments: [20, 128, 150, 300])
  func whatIsKeptIsFoundWhateverIsEvicted(count: Int) throws {
    let site = try Site()
    let pool = site.pool(pages: 8)
    let tokens = site.tokens(count, seed: 7)
    var prefix: HeldPrefix? = try site.held(tokens, in: pool)
    let expected = bytes(try #require(prefix), pool)
    let pages = (count + 127) / 128
    var random = SplitMix64(seed: 9)
    for round in 0..<150 {
      let start = Int.random(in: 0...count, using: &random)
      let own = site.tokens(Int.random(in: 1...200, using: &random), seed: random.next())
      let text = round % 3 == 0 ? own : Array(tokens[..<start]) + own
      let known = try site.sequence(of: text, in: pool).known
      if round % 3 != 0, start >= 8 { #expect(known >= min(start, text.count - 1) - 7, "round \(round)") }
      #expect(pool.knownCount(of: tokens + own, limit: count + 1, scope: "") >= count)
      #expect(pool.knownCount(of: tokens, limit: count, scope: "other") == 0)
      #expect(pool.usage.pagesHeld == pages && pool.usage.pagesPromised == 0)
      if round % 20 == 0 { pool.forgetAll() }
    }
    let isSame = bytes(try #require(prefix), pool) == expected
    #expect(isSame)
    prefix = nil
    #expect(pool.usage.pagesHeld == 0)
    pool.forgetAll()
    #expect(pool.usage.pagesIdle == 0 && pool.knownCount(of: tokens, limit: count, scope: "") == 0)
  }

  /// Restored pages are the kept ones, and what both begin with is held once.
  @Test func restoringGivesTheSamePages() throws {
    let site = try Site()
    let (pool, other) = (site.pool(), site.pool(pages: 5))
    let first = site.tokens(300, seed: 1)
    let second = Array(first[..<260]) + site.tokens(40, seed: 2)
    let kept = try [first, second].map { try site.held($0, in: pool) }
    #expect(Set(kept.flatMap(\.pages)).count == 4, "two whole pages are shared")
    var restored = try kept.map { prefix in
      try other.restore(prefix.tokens, scope: "") { prefix.copyPage($0, into: $1) }
    }
    for (prefix, twin) in zip(kept, restored) {
      let isSame = bytes(prefix, pool) == bytes(twin, other)
      #expect(isSame && prefix.tokens == twin.tokens)
    }
    #expect(Set(restored.flatMap(\.pages)).count == 4 && other.usage.pagesHeld == 4)
    // A fifth page is there, a sixth is not.
    let error = #expect(throws: ModelError.self) {
      try other.restore(site.tokens(200, seed: 3), scope: "") { _, _ in }
    }
    #expect(error?.code == .outOfPages && other.usage.pagesHeld == 4 && other.usage.pagesPromised == 0)
    // They are held for as long as somebody has them, which is not sooner than here.
    withExtendedLifetime(restored) {}
    restored.removeAll()
    other.forgetAll()
    #expect(other.usage.pagesHeld == 0 && other.usage.pagesIdle == 0)
  }
}
