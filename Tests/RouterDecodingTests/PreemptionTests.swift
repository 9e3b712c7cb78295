import RouterDecoding
import RouterExit
import RouterModel
import RouterRandom
import RouterTestSupport
import Testing

/// The law of preemption: a sequence that gave its pages back for a while says what it would have said.
struct PreemptionTests {
  /// Ways that propagate, exact ones, drafts, sub-models, samplers with and without a seed, stops and log-probabilities,
  /// in memory for a third of them at most.
  @Test(arguments: 0..<12 as Range<UInt64>)
  func preemptedAndResumedIsUninterrupted(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let language = try TinyLanguage.make(
      likely: Array(TinyLanguage.letters.prefix(Int(seed % 3) * 8 + 1)), contextLength: 600)
    let shares = seed % 2 == 0
    let pool = KeyValuePool(
      KeyValueLayout(of: language.model), pageLimit: Int.random(in: 4...9, using: &random))
    let batch = DecodingBatch(language, pool: pool, sharesPrefixes: shares)
    let requests = try (0..<24).map { index in
      let prompt = (0..<Int.random(in: 1...260, using: &random)).map { _ in
        Int32(TinyLanguage.letters.randomElement(using: &random) ?? 97)
      }
      return GenerationRequest(
        prompt: prompt, maximumTokens: Int.random(in: 20...220, using: &random),
        sampling: index % 3 == 0
          ? try SamplingOptions(temperature: 0.9, topK: 5, repetitionPenalty: 1.1, seed: UInt64(index))
          : .greedy,
        stopStrings: index % 7 == 3 ? ["abab"] : [], decoding: try .tiny(way: index % Decoding.tinyWays),
        maximumExit: index % 9 == 5 ? 3 : nil, topLogprobs: index % 4 == 2 ? 2 : nil,
        ignoresEndOfText: true)
    }
    var running: [(index: Int, sequence: DecodingSequence)] = []
    var found = [Transcript](repeating: Transcript(), count: requests.count)
    var (next, preemptions) = (0, 0)
    while next < requests.count || !running.isEmpty {
      while next < requests.count, running.count < 6 {
        running.append((next, try batch.add(requests[next])))
        next += 1
      }
      preemptions += batch.sweep().preemptions
      for (index, sequence) in running { found[index].add(try sequence.takeEvents()) }
      running.removeAll { $0.sequence.isFinished }
      let usage = pool.usage
      #expect(usage.pagesHeld + usage.pagesPromised <= usage.pageLimit && usage.pagesMade <= usage.pageLimit)
    }
    for (index, request) in requests.enumerated() {
      found[index].expectSame(as: try Transcript(request, on: language), "request \(index), shared \(shares)")
    }
    #expect(preemptions > 2, "only \(preemptions)")
    let usage = pool.usage
    #expect(usage.pagesHeld == 0 && usage.pagesPromised == 0, "pages taken are pages freed")
  }

  /// A seed that was drawn is kept: the answer that goes on is the one that had begun.
  @Test func aDrawnSeedIsKept() throws {
    let language = try TinyLanguage.make(contextLength: 600)
    let pool = KeyValuePool(KeyValueLayout(of: language.model), pageLimit: 3)
    let batch = DecodingBatch(language, pool: pool)
    let sampling = try SamplingOptions(temperature: 1.2)
    let requests = try (0..<3).map { _ in
      try GenerationRequest(
        prompt: [97, 98], maximumTokens: 300, sampling: sampling, decoding: .tiny(way: 4),
        ignoresEndOfText: true)
    }
    let sequences = try requests.map { try batch.add($0) }
    var found = [Transcript](repeating: Transcript(), count: 3)
    var preemptions = 0
    while !batch.sequences.isEmpty {
      preemptions += batch.sweep().preemptions
      for (index, sequence) in sequences.enumerated() { found[index].add(try sequence.takeEvents()) }
    }
    #expect(preemptions > 0)
    for (request, found) in zip(requests, found) {
      #expect(found.ids.count == 300)
      var again = request
      again.sampling = try SamplingOptions(temperature: 1.2, seed: try #require(found.summary?.seed))
      found.expectSame(as: try Transcript(again, on: language), "seed \(found.summary?.seed ?? 0)")
    }
  }

  /// Sequences that wait for memory can be cancelled.
  @Test func aParkedSequenceCanBeCancelled() throws {
    let language = try TinyLanguage.make(contextLength: 600)
    let pool = KeyValuePool(KeyValueLayout(of: language.model), pageLimit: 3)
    let batch = DecodingBatch(language, pool: pool, sharesPrefixes: true)
    for _ in 0..<3 {
      try batch.add(GenerationRequest(prompt: [97, 98], maximumTokens: 300, ignoresEndOfText: true))
    }
    while !batch.sequences.contains(where: \.isParked) { batch.sweep() }
    for sequence in batch.sequences.filter(\.isParked) { batch.remove(sequence) }
    while !batch.sequences.isEmpty { batch.sweep() }
    #expect(pool.usage.pagesHeld == 0 && pool.usage.pagesPromised == 0)
  }
}
