import Foundation
import Hummingbird

/// `GET /v1/models` and `GET /v1/models/{id}`.
struct ModelsHandler: Sendable {
  let holder: ModelHolder
  let configuration: ServerConfiguration

  /// All models: the one that is served, under each of its names.
  func list() throws -> Response {
    let backend = try holder.backend()
    let names = [backend.card.name] + configuration.modelAliases.filter { $0 != backend.card.name }
    return try .json(ModelListJSON(data: names.map { ModelJSON(backend, as: $0) }))
  }

  /// One model; names may contain slashes, escaped or not.
  func one(_ context: ServerRequestContext) throws -> Response {
    let backend = try holder.backend()
    let path = context.parameters.getCatchAll().joined(separator: "/")
    let name = path.removingPercentEncoding ?? path
    guard backend.card.answers(to: name, configuration: configuration) else {
      throw APIError.modelNotFound(name, served: backend.card.name)
    }
    return try .json(ModelJSON(backend, as: name))
  }
}
