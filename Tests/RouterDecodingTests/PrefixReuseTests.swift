import RouterDecoding
import RouterExit
import RouterModel
import RouterRandom
import RouterTestSupport
import Testing

/// The law of shared beginnings: what others have left changes when an answer comes, and nothing in it.
struct PrefixReuseTests {
  private func letters(_ count: Int, seed: UInt64 = 0) -> [Int32] {
    var random = SplitMix64(seed: seed)
    return (0..<count).map { _ in Int32(TinyLanguage.letters.randomElement(using: &random) ?? 97) }
  }

  private func run(_ requests: [GenerationRequest], in batch: DecodingBatch) throws -> [Transcript] {
    let sequences = try requests.map { try batch.add($0) }
    var found = [Transcript](repeating: Transcript(), count: requests.count)
    while !sequences.allSatisfy(\.isFinished) {
      batch.sweep()
      for (index, sequence) in sequences.enumerated() { found[index].add(try sequence.takeEvents()) }
    }
    return found
  }

  private func expectNothingHeld(_ pool: KeyValuePool) {
    let usage = pool.usage
    #expect(usage.pagesHeld == 0 && usage.pagesPromised == 0, "pages taken are pages freed")
    pool.forgetAll()
    #expect(pool.usage.pagesIdle == 0 && pool.usage.pagesHeld == 0)
  }

  /// Conversations of every kind that go on from each other's, with room for all of them or hardly for one.
  @Test(arguments: 0..<10 as Range<UInt64>)
  func aHitIsAColdStart(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let keyValueType = seed % 3 == 2 ? KeyValueType.q8 : .f16
    let language = try TinyLanguage.make(contextLength: 600, keyValueType: keyValueType)
    let limit = seed % 2 == 0 ? nil : Int.random(in: 5...16, using: &random)
    let pool = KeyValuePool(KeyValueLayout(of: language.model), pageLimit: limit)
    let batch = DecodingBatch(language, pool: pool, sharesPrefixes: true)
    var (texts, cached) = ([letters(350, seed: seed)], 0)
    var running: [(request: GenerationRequest, sequence: DecodingSequence, found: Transcript)] = []
    var left = 60
    while left > 0 || !running.isEmpty {
      if left > 0, running.count < 6 {
        let text = texts[Int.random(in: 0..<texts.count, using: &random)]
        let kept = text.prefix(Int.random(in: 1...text.count, using: &random)).prefix(450)
        let own = letters(Int.random(in: 0...60, using: &random), seed: random.next())
        let request = GenerationRequest(
          prompt: kept + own, maximumTokens: Int.random(in: 1...80, using: &random),
          sampling: left % 3 == 0
            ? try SamplingOptions(temperature: 0.9, topK: 5, seed: UInt64(left)) : .greedy,
          decoding: try .tiny(way: left % Decoding.tinyWays, keyValueType),
          maximumExit: left % 9 == 4 ? 3 : nil,
          ignoresEndOfText: true, prefixScope: left % 8 == 7 ? nil : left % 5 == 0 ? "other" : "")
        if let sequence = try? batch.add(request) {
          running.append((request, sequence, Transcript()))
          left -= 1
        }
      }
      try #require(!running.isEmpty, "\(pool.usage) has no room for a request")
      batch.sweep()
      for index in running.indices { running[index].found.add(try running[index].sequence.takeEvents()) }
      for (request, sequence, found) in running where sequence.isFinished {
        found.expectSame(as: try Transcript(request, on: language), "\(request)")
        cached += found.summary?.cachedTokenCount ?? 0
        if request.prefixScope == nil { #expect(found.summary?.cachedTokenCount == 0) }
        texts.append(request.prompt + found.ids)
      }
      running.removeAll { $0.sequence.isFinished }
      if let leaver = running.indices.randomElement(using: &random),
        Int.random(in: 0..<80, using: &random) == 0
      {
        batch.remove(running[leaver].sequence)
        running.remove(at: leaver)
      }
      let usage = pool.usage
      #expect(usage.pagesHeld + usage.pagesIdle <= usage.pagesMade && usage.pagesMade <= usage.pageLimit)
    }
    #expect(cached > 500, "only \(cached) tokens were there already")
    expectNothingHeld(pool)
  }

  /// The second turn of a chat reads what is new.
  @Test(arguments: KeyValueType.allCases) func aChatGoesOnWhereItStood(keyValueType: KeyValueType) throws {
    let language = try TinyLanguage.make(contextLength: 600, keyValueType: keyValueType)
    let batch = DecodingBatch(language, sharesPrefixes: true)
    var text = letters(300)
    for turn in 0..<4 {
      let request = GenerationRequest(
        prompt: text + letters(9, seed: 5), maximumTokens: 20, decoding: .verify(), ignoresEndOfText: true)
      let found = try run([request], in: batch)[0]
      found.expectSame(as: try Transcript(request, on: language), "turn \(turn)")
      // The last token of an answer has not been run when it is chosen.
      let cached = try #require(found.summary?.cachedTokenCount)
      #expect(turn == 0 ? cached == 0 : (text.count - 8...text.count).contains(cached))
      text = request.prompt + found.ids
    }
    expectNothingHeld(batch.pool)
  }

  /// What prompts that come together have in common is run once.
  @Test func promptsThatComeTogetherAreReadOnce() throws {
    let language = try TinyLanguage.make(contextLength: 600)
    let batch = DecodingBatch(language, sharesPrefixes: true)
    let prompt = letters(301)
    let requests = (0..<4).map { _ in
      GenerationRequest(prompt: prompt, maximumTokens: 3, ignoresEndOfText: true)
    }
    let other = GenerationRequest(
      prompt: prompt.prefix(200) + [97, 98], maximumTokens: 3, ignoresEndOfText: true)
    for request in requests + [other] { try batch.add(request) }
    var rows = 0
    while !batch.sequences.isEmpty { rows += batch.sweep().promptRows }
    #expect(rows == 301 + 3 + 2)
    expectNothingHeld(batch.pool)
  }

  /// Nobody begins with what was propagated or has not run all layers, nor across scopes.
  @Test func onlyExactPagesOfTheSameScopeAreShared() throws {
    let language = try TinyLanguage.make(contextLength: 600)
    let batch = DecodingBatch(language, sharesPrefixes: true)
    func cached(_ request: GenerationRequest) throws -> Int {
      try #require(try run([request], in: batch)[0].summary?.cachedTokenCount)
    }
    func request(_ prompt: [Int32], _ way: Int = 0, exit: Int? = nil, scope: String? = "") throws
      -> GenerationRequest
    {
      GenerationRequest(
        prompt: prompt, maximumTokens: 40, decoding: try .tiny(way: way), maximumExit: exit,
        ignoresEndOfText: true, prefixScope: scope)
    }
    let prompt = letters(280)
    #expect(try cached(request(prompt, exit: 3)) == 0)
    #expect(try cached(request(prompt, scope: "other")) == 0)
    #expect(try cached(request(prompt, scope: nil)) == 0)
    // Every token of the answer leaves after layer 2, and its other keys and values are propagated.
    let propagated = try run([request(prompt, 4)], in: batch)[0]
    #expect(propagated.depths.dropFirst().allSatisfy { $0 == 2 } && propagated.summary?.cachedTokenCount == 0)
    #expect(try cached(request(prompt + propagated.ids)) == 280)
    #expect(try cached(request(prompt, exit: 3)) == 279, "what has run all layers has run these")
    #expect(try cached(request(prompt, scope: "other")) == 279)
  }
}
