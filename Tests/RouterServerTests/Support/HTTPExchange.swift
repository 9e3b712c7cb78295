import Foundation

/// One response: its head, and its body as it arrives.
struct HTTPExchange {
  let connection: Connection
  private(set) var status = 0
  /// Names in lower case.
  private(set) var headers: [String: String] = [:]
  private var buffer: [UInt8] = []
  private var isFinished = false

  /// Sends a request and reads the head of its response.
  init(_ connection: Connection, _ request: [UInt8]) async throws {
    self.connection = connection
    try await connection.send(request)
    let head = try await takeHead()
    let lines = head.components(separatedBy: "\r\n")
    status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
        in: .whitespaces)
    }
  }

  /// The rest of the body.
  mutating func body() async throws -> String {
    if let length = headers["content-length"].flatMap({ Int($0) }) {
      while buffer.count < length { try await fill() }
      defer { buffer.removeFirst(length) }
      return String(decoding: buffer[..<length], as: UTF8.self)
    }
    var text = ""
    while let chunk = try await chunk() { text += chunk }
    return text
  }

  /// The next chunk of a chunked body: the server sends one server-sent event in each.
  mutating func chunk() async throws -> String? {
    if isFinished { return nil }
    let size = Int(try await takeLine(), radix: 16) ?? 0
    while buffer.count < size + 2 { try await fill() }
    defer { buffer.removeFirst(size + 2) }
    if size == 0 {
      isFinished = true
      return nil
    }
    return String(decoding: buffer[..<size], as: UTF8.self)
  }

  private mutating func takeHead() async throws -> String {
    while true {
      if let end = buffer.firstRange(of: Array("\r\n\r\n".utf8)) {
        defer { buffer.removeFirst(end.upperBound) }
        return String(decoding: buffer[..<end.lowerBound], as: UTF8.self)
      }
      try await fill()
    }
  }

  private mutating func takeLine() async throws -> String {
    while true {
      if let end = buffer.firstRange(of: Array("\r\n".utf8)) {
        defer { buffer.removeFirst(end.upperBound) }
        return String(decoding: buffer[..<end.lowerBound], as: UTF8.self)
      }
      try await fill()
    }
  }

  private mutating func fill() async throws {
    let bytes = try await connection.receive()
    guard bytes.isEmpty == false else { throw Connection.Failure(what: "the server closed the connection") }
    buffer += bytes
  }
}

/// A whole response.
struct HTTPReply: Sendable {
  var status: Int
  var headers: [String: String]
  var body: String

  var json: JSON { get throws { try JSON(body) } }
}

/// The bytes of a request.
func request(
  _ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8]? = nil
) -> [UInt8] {
  var text = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n"
  if let body { text += "Content-Length: \(body.count)\r\n" }
  for (name, value) in headers { text += "\(name): \(value)\r\n" }
  return Array((text + "\r\n").utf8) + (body ?? [])
}

/// The bytes of a JSON request.
func jsonRequest(_ path: String, _ body: String, headers: [String: String] = [:]) -> [UInt8] {
  request(
    "POST", path, headers: headers.merging(["Content-Type": "application/json"]) { given, _ in given },
    body: Array(body.utf8))
}

/// Sends a request on a connection of its own.
func exchange(_ port: Int, _ bytes: [UInt8]) async throws -> HTTPReply {
  var exchange = try await HTTPExchange(Connection(port: port), bytes)
  return HTTPReply(
    status: exchange.status, headers: exchange.headers, body: try await exchange.body())
}

/// GET.
func get(_ port: Int, _ path: String) async throws -> HTTPReply {
  try await exchange(port, request("GET", path))
}

/// POST of JSON.
func post(_ port: Int, _ path: String, _ body: String) async throws -> HTTPReply {
  try await exchange(port, jsonRequest(path, body))
}

/// The payloads of a stream's `data:` lines.
func events(_ body: String) -> [String] {
  body.components(separatedBy: "\n\n").filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
}
