import RouterDecoding
import RouterExit
import RouterModel
import RouterRandom
import RouterTestSupport
import Testing

/// The law of batches: an answer in company is the answer alone, bit for bit.
struct BatchDecodingTests {
  /// Requests of every kind: modes, policies, keys and values, samplers, penalties, depths, log-probabilities, stops.
  private func requests(
    _ random: inout SplitMix64, count: Int, _ keyValueType: KeyValueType
  ) throws -> [GenerationRequest] {
    try (0..<count).map { index in
      let length = Int.random(in: 1...40, using: &random)
      let prompt = (0..<length).map { _ in Int32(TinyLanguage.letters.randomElement(using: &random) ?? 97) }
      let sampling: SamplingOptions =
        switch index % 5 {
        case 0: .greedy
        case 1: try SamplingOptions(temperature: 0.7, topK: 4, seed: UInt64(index))
        case 2: try SamplingOptions(temperature: 1.3, topP: 0.9, seed: UInt64(index))
        case 3: try SamplingOptions(temperature: 0, repetitionPenalty: 1.4, seed: UInt64(index))
        default: try SamplingOptions(temperature: 1, minP: 0.05, seed: UInt64(index))
        }
      return GenerationRequest(
        prompt: prompt, maximumTokens: Int.random(in: 1...40, using: &random), sampling: sampling,
        stopStrings: index % 7 == 3 ? ["ab", "ba"] : [],
        decoding: try .tiny(way: index % Decoding.tinyWays, keyValueType),
        maximumExit: index % 6 == 5 ? 3 : nil, topLogprobs: index % 4 == 2 ? 2 : nil,
        ignoresEndOfText: index % 3 != 0)
    }
  }

  /// Sequences join at any sweep and leave when they are done; some are cancelled.
  @Test(arguments: 0..<12 as Range<UInt64>)
  func anAnswerInABatchIsTheAnswerAlone(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let keyValueType = seed % 3 == 2 ? KeyValueType.q8 : .f16
    let language = try TinyLanguage.make(
      likely: Array(TinyLanguage.letters.prefix(Int(seed % 4) * 5 + 1)), endOfGeneration: [100],
      headScreening: seed % 2 == 0 ? .off : .after(inputs: 4), keyValueType: keyValueType)
    let requests = try requests(&random, count: 33, keyValueType)
    let expected = try requests.map { try Transcript($0, on: language) }
    let batch = DecodingBatch(language)
    var waiting = Array(requests.enumerated())
    var running: [(index: Int, sequence: DecodingSequence)] = []
    var found = [Transcript](repeating: Transcript(), count: requests.count)
    var cancelled: Set<Int> = []
    while !waiting.isEmpty || !running.isEmpty {
      for _ in 0..<Int.random(in: 0...3, using: &random) where !waiting.isEmpty {
        let (index, request) = waiting.removeFirst()
        running.append((index, try batch.add(request)))
      }
      if let leaver = running.randomElement(using: &random), Int.random(in: 0..<60, using: &random) == 0 {
        cancelled.insert(leaver.index)
        batch.remove(leaver.sequence)
        running.removeAll { $0.index == leaver.index }
      }
      batch.sweep()
      for (index, sequence) in running { found[index].add(try sequence.takeEvents()) }
      running.removeAll { $0.sequence.isFinished }
    }
    for index in requests.indices {
      if cancelled.contains(index) {
        #expect(expected[index].tokens.starts(with: found[index].tokens))
      } else {
        found[index].expectSame(as: expected[index], "request \(index)")
      }
    }
    #expect(batch.sequences.isEmpty)
    let usage = batch.pool.usage
    #expect(usage.pagesHeld == 0 && usage.pagesPromised == 0, "pages taken are pages freed")
  }

  /// Every pair of ways to decode, side by side from the start.
  @Test(arguments: 0..<Decoding.tinyWays)
  func everyPairOfModesIsIndependent(kind: Int) throws {
    let language = try TinyLanguage.make()
    func request(_ kind: Int) throws -> GenerationRequest {
      GenerationRequest(
        prompt: [97, 98, 99, 97, 98, 99, 97], maximumTokens: 24, decoding: try .tiny(way: kind),
        ignoresEndOfText: true)
    }
    let alone = try Transcript(request(kind), on: language)
    for other in 0..<Decoding.tinyWays {
      let batch = DecodingBatch(language)
      let sequence = try batch.add(request(kind))
      try batch.add(request(other))
      var found = Transcript()
      while !sequence.isFinished {
        batch.sweep()
        found.add(try sequence.takeEvents())
      }
      found.expectSame(as: alone, "beside \(other)")
    }
  }

  /// A sequence that cannot go on says why, and its neighbours do not notice.
  @Test func aFailureIsTheSequencesOwn() throws {
    let language = try TinyLanguage.make()
    let good = GenerationRequest(prompt: [97, 98], maximumTokens: 9, ignoresEndOfText: true)
    let expected = try Transcript(good, on: language)
    let batch = DecodingBatch(language)
    let bad = try batch.add(GenerationRequest(prompt: [97, 9999], maximumTokens: 9))
    let sequence = try batch.add(good)
    var found = Transcript()
    while !sequence.isFinished {
      batch.sweep()
      found.add(try sequence.takeEvents())
    }
    #expect(bad.isFinished && found.tokens == expected.tokens)
    let error = #expect(throws: GenerationError.self) { try bad.takeEvents() }
    #expect(error?.code == .invalidRequest)
  }

  /// A long prompt beside an answer goes up in pieces; both are as alone.
  @Test func aLongPromptComesInChunks() throws {
    let language = try TinyLanguage.make(contextLength: 1000)
    let long = GenerationRequest(
      prompt: (0..<900).map { Int32($0 * 7 % 256) }, maximumTokens: 5, ignoresEndOfText: true)
    let short = GenerationRequest(prompt: [97], maximumTokens: 60, ignoresEndOfText: true)
    let expected = try [long, short].map { try Transcript($0, on: language) }
    let batch = DecodingBatch(language)
    let first = try batch.add(short)
    for _ in 0..<3 { batch.sweep() }
    let second = try batch.add(long)
    var (found, rows): ([Transcript], [Int]) = ([Transcript(), Transcript()], [])
    while !first.isFinished || !second.isFinished {
      let report = batch.sweep()
      if report.promptRows > 0 { rows.append(report.promptRows) }
      found[0].add(try second.takeEvents())
      found[1].add(try first.takeEvents())
    }
    #expect(rows.count > 3 && rows.reduce(0, +) == 900)
    #expect(found[0].tokens == expected[0].tokens && found[1].tokens == expected[1].tokens)
  }

  /// Tokens that leave early wait for company in the layers that they skip; among many they have it already.
  @Test(arguments: [1, 2, 8, 9])
  func tokensThatLeaveAmongManyGoOnWithThem(count: Int) throws {
    let language = try TinyLanguage.make()
    let batch = DecodingBatch(language)
    batch.isTraced = true
    let exit = try Decoding.tiny(FixedDepthPolicy(depth: 2), .exact, draftsAhead: false)
    for _ in 0..<count {
      try batch.add(
        GenerationRequest(prompt: [97, 98], maximumTokens: 30, decoding: exit, ignoresEndOfText: true))
    }
    batch.sweep()
    for _ in 0..<3 {
      let runs = batch.sweep().runs
      #expect(
        runs.first?.layers == 1...2 && runs.first?.rows.map(\.count) == [Int](repeating: 1, count: count))
      if count < 8 {
        #expect(runs.count == 1)
      } else {
        #expect(
          runs.count == 2 && runs[1].layers == 3...4 && runs[1].rows.map(\.sequence) == Array(0..<count))
      }
    }
  }

  /// A person can read what a sweep did.
  @Test func aSweepCanBeRead() throws {
    let language = try TinyLanguage.make()
    let batch = DecodingBatch(language)
    batch.isTraced = true
    for kind in [0, 1, 4, 5] {
      try batch.add(
        GenerationRequest(
          prompt: [97, 98, 99, 97, 98], maximumTokens: 9, decoding: try .tiny(way: kind),
          ignoresEndOfText: true
        ))
    }
    #expect(batch.sweep().description.contains("20 of prompts"))
    let text = batch.sweep().description
    #expect(text.hasPrefix("sweep: 4 sequences, "))
    #expect(text.contains("#0 full, #1 verify, #2 exit fixed"))
    #expect(text.contains("layers 1-1: #0 x1, #1 x"))
    #expect(
      text.contains("#2 token 0 leaves after layer 2") && text.contains("#3 token 0 leaves after layer 1"))
  }
}
