import Foundation
import Hummingbird

/// Encodes server-sent events; one encoder serves a whole stream.
struct EventStream {
  /// The comment that keeps an idle connection open.
  static let keepAlive = ByteBuffer(string: ": keep-alive\n\n")
  /// OpenAI's end marker.
  static let done = ByteBuffer(string: "data: [DONE]\n\n")

  private let encoder = JSONCoding.makeEncoder()

  /// The event that carries a JSON object.
  func event(_ object: any Encodable) throws -> ByteBuffer {
    let json = try encoder.encode(object)
    var buffer = ByteBuffer()
    buffer.reserveCapacity(json.count + 8)
    buffer.writeString("data: ")
    buffer.writeBytes(json)
    buffer.writeString("\n\n")
    return buffer
  }
}
