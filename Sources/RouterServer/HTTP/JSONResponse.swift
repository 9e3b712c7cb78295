import Foundation
import HTTPTypes
import Hummingbird

extension Response {
  /// A response whose body is a JSON object.
  static func json(_ object: any Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
    let body = ByteBuffer(bytes: try JSONCoding.makeEncoder().encode(object))
    return Response(
      status: status,
      headers: [.contentType: "application/json", .contentLength: String(body.readableBytes)],
      body: ResponseBody(byteBuffer: body))
  }

  /// The response that tells a client about an error.
  static func error(_ error: APIError) throws -> Response {
    var response = try json(ErrorJSON(error: error), status: HTTPResponse.Status(code: error.status))
    if let retryAfter = error.retryAfter { response.headers[.retryAfter] = String(retryAfter) }
    if !error.allowedMethods.isEmpty {
      response.headers[.allow] = error.allowedMethods.joined(separator: ", ")
    }
    return response
  }
}
