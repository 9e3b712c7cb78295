import RouterDecoding
import RouterServer
import Testing

struct CompletionFeedTests {
  @Test func everyEventOfEverySequenceArrivesInItsOrder() async throws {
    let backend = ScriptedBackend { index, request in
      .play(.answer(index == 0 ? "a b c" : "d e", request))
    }
    let texts = try await texts(feed(backend, sequences: 2))
    #expect(texts == [["a", " b", " c"], ["d", " e"]])
  }

  @Test func aFailureOfOneSequenceCancelsTheOthers() async throws {
    let failure = GenerationError(.internalFailure, "broken", remedy: "")
    let backend = ScriptedBackend { index, _ in
      index == 0 ? .hang(after: []) : .fail(after: .words("a"), failure)
    }
    let feed = try feed(backend, sequences: 2)
    await #expect(throws: failure) { _ = try await texts(feed) }
    await backend.untilCancelled()
  }

  @Test func aConsumerThatThrowsCancelsTheSequence() async throws {
    struct Enough: Error {}
    let backend = ScriptedBackend { _, _ in .hang(after: .words("a b")) }
    let feed = try feed(backend, sequences: 1)
    await #expect(throws: Enough.self) { try await feed.consume { _ in throw Enough() } }
    await backend.untilCancelled()
  }

  @Test func cancellingTheTaskCancelsTheSequence() async throws {
    let backend = ScriptedBackend { _, _ in .hang(after: []) }
    let feed = try feed(backend, sequences: 1)
    let task = Task { try await feed.consume { _ in } }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    await backend.untilCancelled()
  }

  @Test func aClientThatLeavesEndsTheFeed() async throws {
    let backend = ScriptedBackend { _, _ in .hang(after: .words("a")) }
    let presence = ClientPresence()
    let feed = try feed(backend, sequences: 1, presence: presence)
    await #expect(throws: CompletionFeed.Interruption.clientLeft) {
      try await feed.consume { _ in presence.leave() }
    }
    await backend.untilCancelled()
  }

  @Test func aClientThatHasLeftBeforeIsNoticed() async throws {
    let backend = ScriptedBackend { _, _ in .hang(after: []) }
    let presence = ClientPresence()
    presence.leave()
    let feed = try feed(backend, sequences: 1, presence: presence)
    await #expect(throws: CompletionFeed.Interruption.clientLeft) { try await feed.consume { _ in } }
  }

  @Test func aRequestThatTakesTooLongEnds() async throws {
    let backend = ScriptedBackend { _, _ in .hang(after: []) }
    var configuration = ServerConfiguration()
    configuration.requestTimeout = .milliseconds(1)
    let feed = try feed(backend, sequences: 1, configuration: configuration)
    await #expect(throws: CompletionFeed.Interruption.timedOut) { try await feed.consume { _ in } }
    await backend.untilCancelled()
  }

  @Test func aSequenceThatEndsWithoutASummaryIsAnError() async throws {
    let backend = ScriptedBackend { _, _ in .play(.words("a")) }
    let feed = try feed(backend, sequences: 1)
    await #expect(throws: CompletionFeed.Interruption.incomplete) { try await feed.consume { _ in } }
  }

  @Test func silenceIsReported() async throws {
    struct Heard: Error {}
    let backend = ScriptedBackend { _, _ in .hang(after: []) }
    var configuration = ServerConfiguration()
    configuration.keepAliveInterval = .milliseconds(1)
    let feed = try feed(backend, sequences: 1, configuration: configuration)
    await #expect(throws: Heard.self) {
      try await feed.consume { item in
        if case .silence = item { throw Heard() }
      }
    }
  }

  @Test func anEngineThatEndsASequenceOfItsOwnAccordIsShuttingDown() throws {
    var progress = ChoiceProgress()
    #expect(throws: CompletionFeed.Interruption.shuttingDown) {
      try progress.take(.finished(.end(.cancelled)))
    }
  }

  private func feed(
    _ backend: ScriptedBackend, sequences: Int, presence: ClientPresence = ClientPresence(),
    configuration: ServerConfiguration = ServerConfiguration()
  ) throws -> CompletionFeed {
    let request = GenerationRequest(prompt: [1], maximumTokens: 8)
    let streams = try (0..<sequences).map { _ in try backend.submit(request) }
    return CompletionFeed(sequences: streams, presence: presence, configuration: configuration)
  }

  private func texts(_ feed: CompletionFeed) async throws -> [[String]] {
    var texts = feed.sequences.map { _ in [String]() }
    try await feed.consume { item in
      if case .event(let choice, .token(let token)) = item { texts[choice].append(token.text) }
    }
    return texts
  }
}
