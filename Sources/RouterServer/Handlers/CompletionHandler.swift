import Foundation
import Hummingbird
import Logging
import RouterDecoding
import ServiceLifecycle

/// The two completion endpoints: check, queue, answer whole or in a stream.
struct CompletionHandler: Sendable {
  let holder: ModelHolder
  let configuration: ServerConfiguration
  let metrics: ServerMetrics
  let monitor: GuaranteeMonitor
  let logger: Logger

  /// `POST /v1/chat/completions`.
  func chat(_ request: Request, _ context: ServerRequestContext) async throws -> Response {
    let backend = try admit()
    let body = try await request.decodeJSON(ChatCompletionBody.self, limit: configuration.maximumBodyBytes)
    let call = try await CompletionCall.chat(
      body, id: RandomID.make(), created: Self.now, backend: backend, configuration: configuration)
    return try await answer(call, backend: backend, context)
  }

  /// `POST /v1/completions`.
  func text(_ request: Request, _ context: ServerRequestContext) async throws -> Response {
    let backend = try admit()
    let body = try await request.decodeJSON(CompletionBody.self, limit: configuration.maximumBodyBytes)
    let call = try await CompletionCall.text(
      body, id: RandomID.make(), created: Self.now, backend: backend, configuration: configuration)
    return try await answer(call, backend: backend, context)
  }

  private static var now: Int { Int(Date().timeIntervalSince1970) }

  private func admit() throws -> any CompletionBackend {
    if Task.isShuttingDownGracefully { throw APIError.shuttingDown }
    return try holder.backend()
  }

  /// Queues all sequences before the status is sent, so that a full queue is a 429 and not a broken stream.
  private func answer(
    _ call: CompletionCall, backend: any CompletionBackend, _ context: ServerRequestContext
  ) async throws -> Response {
    let presence = try await ClientPresence.of(context.channel)
    let started = ContinuousClock.now
    let sequences = try call.requests.map { try backend.submit($0) }
    metrics.load(backend.load)
    let responder = CompletionResponder(
      call: call,
      feed: CompletionFeed(sequences: sequences, presence: presence, configuration: configuration),
      metrics: metrics, monitor: monitor, logger: logger, requestID: context.requestID,
      started: started)
    switch call.settings.delivery {
    case .whole:
      return try .json(try await responder.whole())
    case .stream:
      return Response(
        status: .ok,
        headers: [
          .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache",
          // Asks nginx not to collect the stream before it passes it on.
          .accelBuffering: "no",
        ],
        body: ResponseBody { writer in
          try await responder.stream(to: &writer)
          try await writer.finish(nil)
        })
    }
  }
}
