import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// A connection that was accepted and may never be served.
///
/// One that comes while the server shuts down may be dropped before anybody serves it, and NIO traps when that
/// happens to an open `NIOAsyncChannel` (swift-nio issue 2637): a client's bad timing would end the process.
/// This one closes itself first.
final class AcceptedConnection: ServerChildChannelValue {
  private let connection: HTTP1Channel.Value
  private let isServed = Atomic(false)

  init(_ connection: HTTP1Channel.Value) {
    self.connection = connection
  }

  deinit {
    if isServed.load(ordering: .relaxed) { return }
    Task { [connection] in try? await connection.executeThenClose { _, _ in } }
  }

  var channel: any Channel { connection.channel }

  /// Hands the connection over to whoever serves it, and closes it.
  func serve() -> HTTP1Channel.Value {
    isServed.store(true, ordering: .relaxed)
    return connection
  }
}

extension HTTPServerBuilder {
  /// HTTP/1 connections that may be dropped before they are served.
  static func acceptedConnections(_ configuration: HTTP1Channel.Configuration) -> HTTPServerBuilder {
    HTTPServerBuilder { responder in
      AcceptedConnections(base: HTTP1Channel(responder: responder, configuration: configuration))
    }
  }
}
