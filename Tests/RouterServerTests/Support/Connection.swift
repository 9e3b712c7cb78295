import Foundation

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A thin HTTP/1.1 client: one loopback connection, blocking calls on threads of their own.
final class Connection: Sendable {
  struct Failure: Error {
    var what: String
  }

  private let descriptor: Int32

  /// Connects to a port of this machine.
  init(port: Int) throws {
    #if canImport(Glibc)
      let type = Int32(SOCK_STREAM.rawValue)
    #else
      let type = SOCK_STREAM
    #endif
    descriptor = socket(AF_INET, type, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(UInt16(port)).bigEndian
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Failure(what: "connect: \(errno)") }
    // A server that says nothing fails the test instead of hanging it.
    var timeout = timeval(tv_sec: 30, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { Self.closeDescriptor(descriptor) }

  /// Leaves without another word.
  func hangUp() { shutdown(descriptor, Int32(SHUT_RDWR)) }

  /// Says that nothing more will come, and goes on listening.
  func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Sends all bytes.
  func send(_ bytes: [UInt8]) async throws {
    try await onThread { [descriptor] in
      var sent = 0
      while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes { Self.write(descriptor, $0) }
        guard count > 0 else { throw Failure(what: "send: \(errno)") }
        sent += count
      }
    }
  }

  /// Reads some bytes; none at the end.
  func receive() async throws -> [UInt8] {
    try await onThread { [descriptor] in
      var buffer = [UInt8](repeating: 0, count: 65536)
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count >= 0 else { throw Failure(what: "recv: \(errno)") }
      return Array(buffer[..<count])
    }
  }

  private static func closeDescriptor(_ descriptor: Int32) { close(descriptor) }

  private static func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
      Glibc.send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
    #else
      Darwin.send(descriptor, bytes.baseAddress, bytes.count, 0)
    #endif
  }

  private func onThread<Value: Sendable>(
    _ work: @escaping @Sendable () throws -> Value
  ) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
    }
  }
}
