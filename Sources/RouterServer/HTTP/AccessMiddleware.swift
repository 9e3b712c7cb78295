import HTTPTypes
import Hummingbird
import Logging

/// Names each request, turns errors into OpenAI's error objects, and records what became of it.
struct AccessMiddleware: RouterMiddleware {
  typealias Context = ServerRequestContext

  let logger: Logger
  let metrics: ServerMetrics

  func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    let start = ContinuousClock.now
    var context = context
    context.requestID = RandomID.accept(request.headers[.requestID]) ?? RandomID.make()
    let record = Record(
      method: request.method.rawValue, path: request.uri.path,
      endpoint: Endpoint.at(request.uri.path)?.rawValue ?? "other", id: context.requestID, start: start)

    var response: Response
    do {
      response = try await next(request, context)
    } catch let error as UnreadableBody {
      note(record, status: 400)
      throw error.cause
    } catch {
      response = try .error(translate(error, of: request, id: context.requestID))
    }
    response.headers[.requestID] = context.requestID

    if response.body.contentLength == nil {
      let status = response.status.code
      let body = response.body
      response.body = ResponseBody { [self] writer in
        do {
          try await body.write(writer)
          note(record, status: status)
        } catch {
          note(record, status: 499)
          throw error
        }
      }
    } else {
      note(record, status: response.status.code)
    }
    return response
  }

  /// What is known about a request before its answer.
  private struct Record: Sendable {
    let method: String
    let path: String
    let endpoint: String
    let id: String
    let start: ContinuousClock.Instant
  }

  private func translate(_ error: any Error, of request: Request, id: String) -> APIError {
    if let error = error as? HTTPError {
      return APIError(error, method: request.method, path: request.uri.path)
    }
    let translated = APIError(any: error)
    if translated == .internalFailure {
      logger.error("Request failed", metadata: ["request_id": "\(id)", "error": "\(error)"])
    }
    return translated
  }

  private func note(_ record: Record, status: Int) {
    let duration = record.start.duration(to: .now)
    metrics.request(endpoint: record.endpoint, status: status, duration: duration)
    logger.log(
      level: Endpoint(rawValue: record.endpoint)?.isPolled == true ? .debug : .info,
      "\(record.method) \(record.path) \(status)",
      metadata: ["request_id": "\(record.id)", "ms": "\(Int(duration.seconds * 1000))"])
  }
}

extension APIError {
  /// The refusal for what Hummingbird itself refused.
  fileprivate init(_ error: HTTPError, method: HTTPRequest.Method, path: String) {
    if error.status == .notFound, let endpoint = Endpoint.at(path) {
      let allowed = endpoint.allowedMethods
      let use = endpoint.methods.map(\.rawValue).joined(separator: " or ")
      self.init(
        status: 405, kind: .invalidRequest,
        message: "\(path) does not support \(method.rawValue); use \(use).",
        code: "method_not_allowed", allowedMethods: allowed)
    } else if error.status == .notFound {
      let known = Endpoint.allCases.filter { !$0.isCatchAll }.flatMap { endpoint in
        endpoint.methods.map { "\($0.rawValue) \(endpoint.rawValue)" }
      }
      self.init(
        status: 404, kind: .invalidRequest,
        message: "There is nothing at \(path). This server has \(known.joined(separator: ", ")).",
        code: "not_found")
    } else if error.status.code < 500 {
      self.init(
        status: error.status.code, kind: .invalidRequest, message: error.body ?? error.status.reasonPhrase,
        code: nil)
    } else {
      self = .internalFailure
    }
  }
}
