import Foundation
import RouterDecoding
import RouterExit
import RouterModel
import RouterTestSupport
import Testing

/// The queue and the active sequences. Policies note each step on the engine's own thread, so the order is the engine's.
@Suite(.timeLimit(.minutes(2)))
struct InferenceEngineTests {
  /// A request whose steps after the first token are noted under its name; at the first of them it waits at the gate.
  private func request(
    _ name: String, log: Log, gate: Gate? = nil, tokens: Int = 6
  ) throws -> GenerationRequest {
    let policy = ScriptedPolicy(name, exits: [1]) { _ in
      log.note(name)
      gate?.pass()
      return .exit(confidence: nil)
    }
    return GenerationRequest(
      prompt: [104, 105], maximumTokens: tokens, decoding: try .tiny(policy), ignoresEndOfText: true)
  }

  @Test func theEngineSaysWhatAGenerationSays() async throws {
    let model = try TinyLanguage.make()
    let request = GenerationRequest(
      prompt: [72], maximumTokens: 30, sampling: try SamplingOptions(temperature: 1, seed: 4), topLogprobs: 2)
    let engine = InferenceEngine(model: model)
    let found = try await Transcript(engine.submit(request))
    let expected = try Transcript(request, on: model)
    #expect(found.tokens == expected.tokens)
    #expect(found.summary?.finishReason == .length && found.summary?.seed == 4)
  }

  /// While the first waits in its second step, the others arrive; from then on all take turns.
  @Test func activeSequencesTakeTurns() async throws {
    let engine = InferenceEngine(model: try TinyLanguage.make(), sequences: 3)
    let (log, gate) = (Log(), Gate())
    let first = try engine.submit(request("a", log: log, gate: gate, tokens: 7))
    #expect(try await gate.reached())
    let second = try engine.submit(request("b", log: log, tokens: 4))
    let third = try engine.submit(request("c", log: log, tokens: 6))
    #expect(engine.load == (active: 1, queued: 2))
    gate.open()
    for (stream, count) in [(first, 7), (second, 4), (third, 6)] {
      #expect(try await Transcript(stream).ids.count == count)
    }
    // The newcomers' prompts and first tokens take one sweep; then each has one step a sweep until it is done.
    #expect(log.entries.joined() == "aaabcabcabcacc")
  }

  /// Whoever watches a long day of sweeps is told of the last as of the first: on the same stack.
  @Test func sweepsAreReportedForever() async throws {
    let engine = InferenceEngine(model: try TinyLanguage.make(), sequences: 1)
    let reported = Log()
    let watch: @Sendable (SweepReport) -> Void = { _ in
      reported.note(String(Thread.callStackReturnAddresses.count))
    }
    engine.observeSweeps(traced: false, watch)
    for _ in 0..<20 {
      let request = GenerationRequest(prompt: [72], maximumTokens: 30, ignoresEndOfText: true)
      #expect(try await Transcript(engine.submit(request)).ids.count == 30)
    }
    await engine.shutDown(grace: .seconds(1))
    let depths = Set(reported.entries)
    #expect(reported.entries.count >= 20 * 30 && depths.count <= 2, "stacks of \(depths.sorted()) frames")
  }

  @Test func waitingRequestsAreServedInTheOrderOfTheirArrival() async throws {
    let engine = InferenceEngine(model: try TinyLanguage.make(), sequences: 1)
    let (log, gate) = (Log(), Gate())
    let blocked = try engine.submit(request("a", log: log, gate: gate, tokens: 3))
    #expect(try await gate.reached())
    let waiting = try ["b", "c", "d"].map { try engine.submit(request($0, log: log, tokens: 3)) }
    #expect(engine.load == (active: 1, queued: 3))
    gate.open()
    // Read in another order than they were sent.
    for stream in waiting.reversed() + [blocked] { #expect(try await Transcript(stream).ids.count == 3) }
    #expect(log.entries.joined() == "aabbccdd")
    #expect(try await eventually { engine.load == (active: 0, queued: 0) })
  }

  @Test func aFullQueueRefusesAndLosesNothing() async throws {
    let engine = InferenceEngine(model: try TinyLanguage.make(), sequences: 1, queueLimit: 2)
    let (log, gate) = (Log(), Gate())
    var streams = [try engine.submit(request("a", log: log, gate: gate))]
    #expect(try await gate.reached())
    streams += try ["b", "c"].map { try engine.submit(request($0, log: log)) }
    for _ in 0..<3 {
      let error = #expect(throws: GenerationError.self) { try engine.submit(request("d", log: log)) }
      #expect(error?.code == .overloaded && (1...60).contains(error?.retryAfter ?? 0))
    }
    gate.open()
    for stream in streams { #expect(try await Transcript(stream).ids.count == 6) }
    #expect(!log.entries.contains("d"))
    // There is room again.
    #expect(try await Transcript(engine.submit(request("e", log: log))).ids.count == 6)
  }

  /// A free slot needs no place in the queue.
  @Test func aQueueOfNoLengthServesOneAtATime() async throws {
    let engine = InferenceEngine(model: try TinyLanguage.make(), sequences: 1, queueLimit: 0)
    for _ in 0..<3 {
      #expect(try await eventually { engine.load == (active: 0, queued: 0) })
      #expect(try await Transcript(engine.submit(request("a", log: Log()))).ids.count == 6)
    }
  }

  /// Whoever goes away frees the slot at the next step.
  @Test func aDroppedStreamFreesItsPlace() async throws {
    let engine = InferenceEngine(model: try TinyLanguage.make(contextLength: 4096), sequences: 1)
    let (log, gate) = (Log(), Gate())
    let reader = Task {
      for try await _ in try engine.submit(request("a", log: log, gate: gate, tokens: 4000)) {}
    }
    #expect(try await gate.reached())
    let queued = try engine.submit(request("b", log: log))
    reader.cancel()
    _ = await reader.result
    gate.open()
    #expect(try await Transcript(queued).ids.count == 6)
    // The step in which it was cancelled is the last.
    #expect(log.entries.filter { $0 == "a" }.count == 1)
  }

  @Test func aRequestWhoseStreamIsDroppedInTheQueueNeverStarts() async throws {
    let engine = InferenceEngine(model: try TinyLanguage.make(), sequences: 1)
    let (log, gate) = (Log(), Gate())
    let blocked = try engine.submit(request("a", log: log, gate: gate))
    #expect(try await gate.reached())
    do { _ = try engine.submit(request("b", log: log)) }
    let kept = try engine.submit(request("c", log: log))
    gate.open()
    #expect(try await Transcript(blocked).ids.count == 6)
    #expect(try await Transcript(kept).ids.count == 6)
    #expect(!log.entries.contains("b"))
  }

  @Test func aRequestThatIsDroppedGivesUpItsPlaceInTheQueue() async throws {
    let engine = InferenceEngine(model: try TinyLanguage.make(), sequences: 1, queueLimit: 1)
    let (log, gate) = (Log(), Gate())
    let blocked = try engine.submit(request("a", log: log, gate: gate))
    #expect(try await gate.reached())
    do { _ = try engine.submit(request("b", log: log)) }
    let kept = try engine.submit(request("c", log: log))
    gate.open()
    for stream in [blocked, kept] { #expect(try await Transcript(stream).ids.count == 6) }
  }

  @Test func shuttingDownWithGraceFinishesWhatHasBegun() async throws {
    let engine = InferenceEngine(model: try TinyLanguage.make(), sequences: 1)
    let (log, gate) = (Log(), Gate())
    let streams = [
      try engine.submit(request("a", log: log, gate: gate)), try engine.submit(request("b", log: log)),
    ]
    #expect(try await gate.reached())
    async let shutDown: Void = engine.shutDown(grace: .seconds(60))
    gate.open()
    for stream in streams {
      let transcript = try await Transcript(stream)
      #expect(transcript.ids.count == 6 && transcript.summary?.finishReason == .length)
    }
    await shutDown
    let error = #expect(throws: GenerationError.self) { try engine.submit(request("c", log: log)) }
    #expect(error?.code == .shuttingDown)
  }

  @Test func shuttingDownWithoutGraceCancelsWhatHasBegunAndRefusesWhatHasNot() async throws {
    let engine = InferenceEngine(model: try TinyLanguage.make(), sequences: 1)
    let (log, gate) = (Log(), Gate())
    let active = try engine.submit(request("a", log: log, gate: gate))
    #expect(try await gate.reached())
    let queued = try engine.submit(request("b", log: log))
    await engine.shutDown(grace: .zero)
    gate.open()
    let transcript = try await Transcript(active)
    #expect(transcript.summary?.finishReason == .cancelled)
    // The first token, and that of the step in which the engine was stopped.
    #expect(transcript.ids.count == 2 && transcript.summary?.completionTokenCount == 2)
    let error = await #expect(throws: GenerationError.self) { try await Transcript(queued) }
    #expect(error?.code == .shuttingDown)
    #expect(!log.entries.contains("b"))
  }

  /// The engine's thread must not outlive it, and nobody may wait for ever.
  @Test func anEngineThatIsDroppedEndsItsStreams() async throws {
    let (log, gate) = (Log(), Gate())
    var engine: InferenceEngine? = InferenceEngine(model: try TinyLanguage.make(), sequences: 1)
    let active = try #require(try engine?.submit(request("a", log: log, gate: gate)))
    #expect(try await gate.reached())
    engine = nil
    gate.open()
    #expect(try await Transcript(active).summary?.finishReason == .cancelled)
  }

  @Test func aRequestThatFailsIsReportedAndTheNextIsServed() async throws {
    let engine = InferenceEngine(model: try TinyLanguage.make(), sequences: 1)
    let stream = try engine.submit(.init(prompt: [1, 9999], maximumTokens: 4))
    let late = await #expect(throws: GenerationError.self) { try await Transcript(stream) }
    #expect(late?.code == .invalidRequest && late?.parameter == "prompt")
    let early = #expect(throws: GenerationError.self) {
      try engine.submit(.init(prompt: [], maximumTokens: 4))
    }
    #expect(early?.parameter == "prompt")
    #expect(try await Transcript(engine.submit(.init(prompt: [1], maximumTokens: 4))).ids.count == 4)
  }

  /// Pages are promised to whoever begins; the others wait for them, and nobody fails.
  @Test func sequencesWaitForMemory() async throws {
    let model = try TinyLanguage.make(contextLength: 400)
    let page = KeyValueLayout(of: model.model).pageByteCount
    let engine = InferenceEngine(model: model, sequences: 8, keyValueMemory: 3 * page)
    #expect(engine.keyValueMemory.pageLimit == 3 && engine.keyValueMemory.pageByteCount == page)
    let requests = (0..<7).map { index in
      GenerationRequest(
        prompt: [Int32](repeating: Int32(index + 97), count: 120), maximumTokens: 20 + index,
        ignoresEndOfText: true)
    }
    let expected = try requests.map { try Transcript($0, on: model).ids }
    let streams = try requests.map { try engine.submit($0) }
    for (stream, ids) in zip(streams, expected) { #expect(try await Transcript(stream).ids == ids) }
    #expect(try await eventually { engine.keyValueMemory.heldPages == 0 })
    #expect(engine.keyValueMemory.promisedPages == 0 && engine.keyValueMemory.byteCount <= 3 * page)
  }

  @Test func aRequestForWhichThereIsNeverMemoryIsRefused() async throws {
    let model = try TinyLanguage.make(contextLength: 400)
    let page = KeyValueLayout(of: model.model).pageByteCount
    let engine = InferenceEngine(model: model, keyValueMemory: page + page / 2)
    let error = #expect(throws: GenerationError.self) {
      try engine.submit(.init(prompt: [97], maximumTokens: 128))
    }
    #expect(error?.code == .contextOverflow && error?.parameter == "max_tokens")
    #expect(try await Transcript(engine.submit(.init(prompt: [97], maximumTokens: 127))).summary != nil)
  }

  /// Many callers at once: everyone gets the answer of one's own request.
  @Test func manyRequestsAtOnceEachGetTheirOwnAnswer() async throws {
    let model = try TinyLanguage.make()
    let engine = InferenceEngine(model: model, sequences: 4)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<24 {
        let request = GenerationRequest(
          prompt: [Int32(index), 7], maximumTokens: 5 + index % 7,
          sampling: try SamplingOptions(temperature: 1, seed: UInt64(index)))
        group.addTask {
          let expected = try Transcript(request, on: model)
          #expect(try await Transcript(engine.submit(request)).tokens == expected.tokens)
        }
      }
      try await group.waitForAll()
    }
    await engine.shutDown(grace: .seconds(60))
  }
}
