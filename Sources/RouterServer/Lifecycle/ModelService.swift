import Foundation
import Logging
import ServiceLifecycle

/// Loads the model once the server listens, and ends it after the server has.
struct ModelService: Service {
  let holder: ModelHolder
  /// Yields once, when the socket is bound.
  let listening: AsyncStream<Void>
  let load: @Sendable () throws -> any CompletionBackend
  let logger: Logger

  func run() async throws {
    do {
      try await cancelWhenGracefulShutdown {
        for await _ in listening { break }
        try Task.checkCancellation()
        try await fillSlot()
        // Nothing is left to do until the server ends.
        for await _ in AsyncStream<Never>.makeStream().stream {}
      }
    } catch is CancellationError {
    }
    if case .ready(let backend) = holder.state { await backend.shutdown() }
  }

  private func fillSlot() async throws {
    let start = ContinuousClock.now
    let (results, sink) = AsyncStream<Result<any CompletionBackend, any Error>>.makeStream()
    // Loading blocks, so it has a thread of its own; whoever shuts the server down does not wait for it.
    Thread.detachNewThread { [load] in
      sink.yield(Result { try load() })
      sink.finish()
    }
    for await result in results {
      switch result {
      case .success(let backend):
        holder.state = .ready(backend)
        let seconds = (start.duration(to: .now).seconds * 100).rounded() / 100
        logger.info("Serving \(backend.card.name), loaded in \(seconds) s")
      case .failure(let error):
        holder.state = .failed(reason: "\(error)")
        throw ServerError(code: .loadFailed, what: "The model can't be served: \(error)", remedy: "")
      }
    }
    try Task.checkCancellation()
  }
}

extension Duration {
  /// Seconds, with their fraction.
  var seconds: Double { self / .seconds(1) }
}
