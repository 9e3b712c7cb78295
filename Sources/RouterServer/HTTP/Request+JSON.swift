import HTTPTypes
import Hummingbird
import NIOCore

extension Request {
  /// Reads and decodes the body.
  ///
  /// - Throws: an ``APIError`` of status 400, 413 or 415, or ``UnreadableBody``.
  func decodeJSON<Body: Decodable>(_ type: Body.Type, limit: Int) async throws -> Body {
    // A page in a browser can send any other type to this address without asking first: insisting on this one
    // keeps foreign pages from spending the machine's time.
    let mediaType = headers[.contentType]?.split(separator: ";").first
    guard mediaType?.filter({ $0 != " " }).lowercased() == "application/json" else {
      throw APIError(
        status: 415, kind: .invalidRequest,
        message: "The request needs the header 'Content-Type: application/json'.",
        code: "unsupported_media_type")
    }
    let tooLarge = APIError(
      status: 413, kind: .invalidRequest, message: "The request body is larger than \(limit) bytes.",
      code: "request_too_large")
    if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge }
    let bytes: ByteBuffer
    do {
      bytes = try await body.collect(upTo: limit)
    } catch is NIOTooManyBytesError {
      throw tooLarge
    } catch {
      throw UnreadableBody(cause: error)
    }
    return try JSONBody.decode(type, from: bytes.readableBytesView)
  }
}
