import Foundation
import Hummingbird
import Logging
import RouterDecoding
import ServiceLifecycle

/// The beginnings of prompts that are kept: `GET` and `POST /v1/prefixes`, `GET` and `DELETE /v1/prefixes/{name}`.
struct PrefixesHandler: Sendable {
  let holder: ModelHolder
  let configuration: ServerConfiguration
  let logger: Logger

  /// All prefixes.
  func list() throws -> Response {
    try .json(PrefixListJSON(data: try keeper().list.map(PrefixJSON.init)))
  }

  /// One prefix.
  func one(_ context: ServerRequestContext) throws -> Response {
    let name = Self.name(in: context)
    guard let prefix = try keeper()[name] else { throw PrefixStore.unknown(name) }
    return try .json(PrefixJSON(prefix))
  }

  /// Keeps a prefix; answers once it is in the file.
  func make(_ request: Request, _ context: ServerRequestContext) async throws -> Response {
    if Task.isShuttingDownGracefully { throw APIError.shuttingDown }
    let keeper = try keeper()
    let body = try await request.decodeJSON(PrefixBody.self, limit: configuration.maximumBodyBytes)
    let call = try await PrefixCall(body, backend: try holder.backend(), configuration: configuration)
    let kept: KeptPrefix
    do {
      kept = try await keeper.keep(call.tokens, as: call.name)
    } catch let error as GenerationError {
      throw APIError(error, parameter: call.parameter)
    } catch let error as PrefixError {
      throw refusal(error, of: call.parameter, context)
    }
    logger.info(
      "Prefix kept",
      metadata: [
        "request_id": "\(context.requestID)", "name": "\(kept.name)", "tokens": "\(kept.tokenCount)",
      ])
    return try .json(PrefixJSON(kept))
  }

  /// Keeps a prefix no longer.
  func remove(_ context: ServerRequestContext) async throws -> Response {
    let name = Self.name(in: context)
    do {
      try await keeper().forget(name)
    } catch let error as PrefixError {
      throw refusal(error, context)
    }
    logger.info("Prefix deleted", metadata: ["request_id": "\(context.requestID)", "name": "\(name)"])
    return try .json(DeletedPrefixJSON(name: name))
  }

  private func keeper() throws(APIError) -> any PrefixKeeper {
    guard let keeper = try holder.backend().prefixes else { throw .prefixesDisabled }
    return keeper
  }

  /// What a client is told; what only the person at the server should see is logged.
  private func refusal(
    _ error: PrefixError, of parameter: String? = nil, _ context: ServerRequestContext
  ) -> APIError {
    let refusal = APIError(error, parameter: parameter)
    if refusal.status >= 500 {
      logger.error(
        "Prefix file not written", metadata: ["request_id": "\(context.requestID)", "error": "\(error)"])
    }
    return refusal
  }

  private static func name(in context: ServerRequestContext) -> String {
    let path = context.parameters.getCatchAll().joined(separator: "/")
    return path.removingPercentEncoding ?? path
  }
}
