import RouterDecoding
import ServiceLifecycle

/// Merges the sequences of one request into one series of events, and ends it when there is no point in going on.
///
/// Whatever ends the series (the last sequence, an error, a consumer that throws, the task's cancellation)
/// cancels all sequences that still run.
package struct CompletionFeed: Sendable {
  /// What the consumer sees.
  package enum Item: Sendable {
    /// An event of one choice.
    case event(choice: Int, GenerationEvent)
    /// Nothing happened for a while.
    case silence
  }

  /// Why a series ended before its sequences did.
  package enum Interruption: Error, Equatable {
    /// Nobody is there any more to read the answer.
    case clientLeft
    /// The request took longer than the server allows.
    case timedOut
    /// The server's grace period is over.
    case shuttingDown
    /// A sequence ended without saying how.
    case incomplete
  }

  /// The sequences, one per choice.
  package let sequences: [AsyncThrowingStream<GenerationEvent, any Error>]
  private let presence: ClientPresence
  private let configuration: ServerConfiguration

  /// Makes the feed of one request.
  package init(
    sequences: [AsyncThrowingStream<GenerationEvent, any Error>], presence: ClientPresence,
    configuration: ServerConfiguration
  ) {
    self.sequences = sequences
    self.presence = presence
    self.configuration = configuration
  }

  /// Calls `body` with each item until every sequence has finished.
  ///
  /// - Throws: what `body` throws, what a sequence throws, or an ``Interruption``.
  package func consume(_ body: (Item) async throws -> Void) async throws {
    let (items, sink) = AsyncThrowingStream<Item, any Error>.makeStream()
    try await withThrowingTaskGroup(of: Void.self) { group in
      defer { group.cancelAll() }
      for (choice, sequence) in sequences.enumerated() {
        group.addTask { await Self.pump(sequence, of: choice, into: sink) }
      }
      addWatchers(to: &group, sink)

      var running = sequences.count
      var isSilent = false
      for try await item in items {
        switch item {
        case .silence where !isSilent:
          isSilent = true
          continue
        case .silence:
          break
        case .event(_, let event):
          isSilent = false
          if case .finished = event { running -= 1 }
        }
        try await body(item)
        if running == 0 { return }
      }
      throw CancellationError()
    }
  }

  private typealias Sink = AsyncThrowingStream<Item, any Error>.Continuation

  private static func pump(
    _ sequence: AsyncThrowingStream<GenerationEvent, any Error>, of choice: Int, into sink: Sink
  ) async {
    do {
      for try await event in sequence {
        sink.yield(.event(choice: choice, event))
        if case .finished = event { return }
      }
      sink.finish(throwing: Interruption.incomplete)
    } catch {
      sink.finish(throwing: error)
    }
  }

  private func addWatchers(to group: inout ThrowingTaskGroup<Void, any Error>, _ sink: Sink) {
    let configuration = self.configuration
    let presence = self.presence
    group.addTask {
      await presence.untilLeft()
      sink.finish(throwing: Interruption.clientLeft)
    }
    group.addTask {
      while true {
        try await Task.sleep(for: configuration.keepAliveInterval)
        sink.yield(.silence)
      }
    }
    group.addTask {
      try await gracefulShutdown()
      try await Task.sleep(for: configuration.shutdownGrace)
      sink.finish(throwing: Interruption.shuttingDown)
    }
    if let timeout = configuration.requestTimeout {
      group.addTask {
        try await Task.sleep(for: timeout)
        sink.finish(throwing: Interruption.timedOut)
      }
    }
  }
}
