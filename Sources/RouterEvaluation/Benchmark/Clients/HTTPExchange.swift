import Foundation

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// One request to a server and the lines of its answer as they arrive: what a load test needs of HTTP/1.1, and no more.
final class HTTPExchange {
  private let socket: Int32
  /// Bytes that have arrived and have not been read.
  private var buffer: [UInt8] = []
  private var start = 0
  /// Bytes of the body's present chunk that are left; nil for a body that is not chunked.
  private var chunkLeft: Int?
  private var isChunked = false
  private var isEnded = false

  /// Sends a request.
  ///
  /// - Parameter body: JSON to POST; nil for a GET.
  /// - Throws: ``EvaluationError`` if the server cannot be reached or refuses.
  init(_ address: ServerAddress, path: String, body: Data?) throws(EvaluationError) {
    // A server that goes away is an error here, not the end of the program.
    signal(SIGPIPE, SIG_IGN)
    var hints = addrinfo()
    hints.ai_family = AF_UNSPEC
    #if canImport(Glibc)
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    #else
      hints.ai_socktype = SOCK_STREAM
    #endif
    var found: UnsafeMutablePointer<addrinfo>?
    defer { if let found { freeaddrinfo(found) } }
    guard getaddrinfo(address.host, "\(address.port)", &hints, &found) == 0, let first = found?.pointee else {
      throw EvaluationError(
        .peerFailed, "no machine is called `\(address.host)`", remedy: "Check the server's address.")
    }
    #if canImport(Glibc)
      socket = Glibc.socket(first.ai_family, first.ai_socktype, first.ai_protocol)
    #elseif canImport(Musl)
      socket = Musl.socket(first.ai_family, first.ai_socktype, first.ai_protocol)
    #else
      socket = Darwin.socket(first.ai_family, first.ai_socktype, first.ai_protocol)
    #endif
    guard socket >= 0, connect(socket, first.ai_addr, first.ai_addrlen) == 0 else {
      throw EvaluationError(
        .peerFailed, "nothing answers at \(address.host):\(address.port)",
        remedy: "Start the server, or wait until it listens.")
    }
    var head =
      "\(body == nil ? "GET" : "POST") \(path) HTTP/1.1\r\nHost: \(address.host)\r\nConnection: close\r\n"
    if let body { head += "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n" }
    var bytes = Array((head + "\r\n").utf8)
    if let body { bytes += body }
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes { send(socket, $0.baseAddress, $0.count, 0) }
      guard count > 0 else {
        throw EvaluationError(.peerFailed, "the server closed the connection", remedy: "See what it logged.")
      }
      sent += count
    }
    try readHead()
  }

  deinit { close(socket) }

  private func readHead() throws(EvaluationError) {
    guard let status = rawLine() else {
      throw EvaluationError(.peerFailed, "the server did not answer", remedy: "See what it logged.")
    }
    while let line = rawLine(), !line.isEmpty {
      if line.lowercased().hasPrefix("transfer-encoding:"), line.lowercased().contains("chunked") {
        isChunked = true
        chunkLeft = 0
      }
    }
    guard status.split(separator: " ").dropFirst().first == "200" else {
      throw EvaluationError(
        .peerFailed,
        "the server answered `\(status)`: \(String(decoding: wholeBody().prefix(300), as: UTF8.self))",
        remedy: "See what it logged.")
    }
  }

  /// The body to its end.
  func wholeBody() -> Data {
    var data = Data()
    while let byte = nextByte() { data.append(byte) }
    return data
  }

  /// The next line of the body, without its end; nil at the end of the body.
  func nextLine() -> String? { line(of: nextByte) }

  /// The next byte of the body.
  private func nextByte() -> UInt8? {
    guard isChunked else { return rawByte() }
    if isEnded { return nil }
    if chunkLeft == 0 {
      guard var size = rawLine() else { return nil }
      // The end of the chunk before.
      if size.isEmpty { size = rawLine() ?? "0" }
      guard let count = Int(size.prefix { $0.isHexDigit }, radix: 16), count > 0 else {
        isEnded = true
        return nil
      }
      chunkLeft = count
    }
    chunkLeft = (chunkLeft ?? 1) - 1
    return rawByte()
  }

  private func rawLine() -> String? { line(of: rawByte) }

  /// Bytes up to the end of a line, without it; nil at the end of all.
  private func line(of next: () -> UInt8?) -> String? {
    var line: [UInt8] = []
    while let byte = next() {
      if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
      if byte != UInt8(ascii: "\r") { line.append(byte) }
    }
    return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
  }

  private func rawByte() -> UInt8? {
    if start == buffer.count {
      buffer = [UInt8](unsafeUninitializedCapacity: 1 << 16) { room, count in
        count = max(0, recv(socket, room.baseAddress, room.count, 0))
      }
      start = 0
      if buffer.isEmpty { return nil }
    }
    defer { start += 1 }
    return buffer[start]
  }
}
