import Logging
import RouterServer

/// Runs a server on a free port for as long as `body` takes.
///
/// - Parameter load: makes the backend, on a thread that may block.
func withServer<Value: Sendable>(
  _ configuration: ServerConfiguration = .test(),
  loading load: @autoclosure @escaping @Sendable () throws -> any CompletionBackend,
  body: @escaping @Sendable (Int, CompletionServer) async throws -> Value
) async throws -> Value {
  let server = CompletionServer(configuration: configuration, logger: .silent, load: load)
  return try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try await server.run() }
    guard let port = await server.listeningPort() else {
      try await group.waitForAll()
      throw CancellationError()
    }
    let value: Value
    do {
      value = try await body(port, server)
    } catch {
      await server.shutDown()
      // If the server failed, that is why the body did.
      try await group.waitForAll()
      throw error
    }
    await server.shutDown()
    try await group.waitForAll()
    return value
  }
}

/// Runs a server over a scripted backend, once it is ready.
func withServer<Value: Sendable>(
  _ backend: ScriptedBackend, _ configuration: ServerConfiguration = .test(),
  body: @escaping @Sendable (Int) async throws -> Value
) async throws -> Value {
  try await withServer(configuration, loading: backend) { port, _ in
    while try await get(port, "/health").status != 200 {}
    return try await body(port)
  }
}

extension Logger {
  /// Keeps what the server says out of the tests' output.
  static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

extension ServerConfiguration {
  /// A free port and no patience.
  static func test(_ configure: (inout ServerConfiguration) -> Void = { _ in }) -> ServerConfiguration {
    var configuration = ServerConfiguration()
    configuration.port = 0
    configuration.handlesSignals = false
    configuration.shutdownGrace = .zero
    configure(&configuration)
    return configuration
  }
}
