import RouterDecoding
import Testing

/// All events of a generation.
struct Transcript: Equatable {
  var tokens: [GeneratedToken] = []
  var summary: GenerationSummary?

  var ids: [Int32] { tokens.map(\.id) }
  var depths: [Int] { tokens.map(\.depth) }
  /// What a reader of the stream has seen in the end.
  var text: String { tokens.map(\.text).joined() + (summary?.trailingText ?? "") }

  init() {}

  /// Runs a generation to its end.
  init(_ request: GenerationRequest, on model: LanguageModel) throws(GenerationError) {
    let generation = try Generation(request, on: model)
    while !generation.isFinished { add(try generation.advance()) }
  }

  /// Reads a stream to its end.
  init(_ stream: AsyncThrowingStream<GenerationEvent, any Error>) async throws {
    for try await event in stream { add([event]) }
  }

  /// Expects what does not depend on time to be that of another.
  func expectSame(as expected: Transcript, _ comment: String) {
    #expect(tokens == expected.tokens, "\(comment)")
    #expect(text == expected.text, "\(comment)")
    #expect(summary?.finishReason == expected.summary?.finishReason, "\(comment)")
    #expect(summary?.depthCounts == expected.summary?.depthCounts, "\(comment)")
    #expect(summary?.endOfText == expected.summary?.endOfText, "\(comment)")
  }

  mutating func add(_ events: [GenerationEvent]) {
    for event in events {
      switch event {
      case .token(let token): tokens.append(token)
      case .finished(let summary): self.summary = summary
      }
    }
  }
}
