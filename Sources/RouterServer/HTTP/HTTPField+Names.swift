import HTTPTypes

extension HTTPField.Name {
  /// `x-request-id`: joins a client's records with the server's.
  static let requestID = known("x-request-id")
  /// `x-accel-buffering`: nginx's switch for collecting a response before it passes it on.
  static let accelBuffering = known("x-accel-buffering")
  /// `retry-after`: seconds.
  static let retryAfter = known("retry-after")

  private static func known(_ name: String) -> HTTPField.Name {
    guard let name = HTTPField.Name(name) else { preconditionFailure("'\(name)' is not a field name") }
    return name
  }
}
