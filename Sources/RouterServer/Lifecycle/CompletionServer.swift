import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals

/// The HTTP server: listens at once, loads the model meanwhile, and leaves when told to.
///
/// ```swift
/// let server = CompletionServer(configuration: configuration, logger: logger) {
///   try EngineBackend(...)
/// }
/// try await server.run()
/// ```
package final class CompletionServer: Sendable {
  private let configuration: ServerConfiguration
  private let group: ServiceGroup
  private let port: AsyncStream<Int>
  private let portSink: AsyncStream<Int>.Continuation

  /// Prepares a server; nothing listens before ``run()``.
  ///
  /// - Parameter load: makes the backend; runs on a thread of its own once the socket is bound, and may block.
  package init(
    configuration: ServerConfiguration, logger: Logger,
    load: @escaping @Sendable () throws -> any CompletionBackend
  ) {
    self.configuration = configuration
    let holder = ModelHolder()
    let monitor = GuaranteeMonitor(
      share: configuration.auditShare, reaction: configuration.alarmReaction,
      queueLimit: configuration.auditQueueLimit, logger: logger)
    let metrics = ServerMetrics()
    let (listening, listeningSink) = AsyncStream<Void>.makeStream()
    let (port, portSink) = AsyncStream<Int>.makeStream()
    self.port = port
    self.portSink = portSink

    // Hummingbird and ServiceLifecycle report each step at `info`; the server says what matters itself.
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .notice)
    let application = Application(
      router: Self.routes(
        holder: holder, monitor: monitor, metrics: metrics, configuration: configuration, logger: logger),
      server: .acceptedConnections(
        .init(
          additionalChannelHandlers: [ClientPresenceHandler()],
          idleTimeout: TimeAmount(configuration.idleTimeout))),
      configuration: ApplicationConfiguration(
        address: .hostname(configuration.host, port: configuration.port), serverName: "router",
        availableConnectionsDelegate: MaximumAvailableConnections(
          configuration.maximumConnections, logger: quiet)),
      onServerRunning: { channel in
        let bound = channel.localAddress?.port ?? configuration.port
        logger.info("Listening on http://\(configuration.urlHost):\(bound)")
        portSink.yield(bound)
        listeningSink.yield()
        listeningSink.finish()
      },
      logger: quiet)
    let model = ModelService(
      holder: holder, listening: listening,
      load: {
        let base = try load()
        let isTraced = logger.logLevel <= .trace
        base.observeSweeps(traced: isTraced) { report in
          metrics.sweep(report)
          if isTraced { logger.trace("\(report)") }
        }
        return configuration.auditShare > 0 ? MonitoredBackend(base: base, monitor: monitor) : base
      }, logger: logger)

    // Services stop in reverse order: first the listener, with its answers in progress, then the engine.
    let audits: [ServiceGroupConfiguration.ServiceConfiguration] =
      configuration.auditShare > 0 ? [.init(service: AuditService(holder: holder, monitor: monitor))] : []
    var groupConfiguration = ServiceGroupConfiguration(
      services: [.init(service: model, failureTerminationBehavior: .gracefullyShutdownGroup)]
        + audits + [.init(service: application)],
      gracefulShutdownSignals: configuration.handlesSignals ? [.sigterm, .sigint] : [], logger: quiet)
    // Answers end by themselves when the grace period is over; this is for clients that do not read theirs.
    groupConfiguration.maximumGracefulShutdownDuration = configuration.shutdownGrace + .seconds(5)
    group = ServiceGroup(configuration: groupConfiguration)
  }

  /// Serves until a signal or ``shutDown()`` ends it; a second signal cuts the grace period short.
  ///
  /// - Throws: ``ServerError`` if the address cannot be listened on or the model cannot be loaded.
  package func run() async throws {
    defer { portSink.finish() }
    do {
      try await withThrowingTaskGroup(of: Void.self) { [group] tasks in
        tasks.addTask { try await group.run() }
        if configuration.handlesSignals {
          tasks.addTask {
            let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
            for await _ in signals.dropFirst() { return }
          }
        }
        try await tasks.next()
        tasks.cancelAll()
      }
    } catch {
      throw ServerError(starting: error, configuration: configuration) ?? error
    }
  }

  /// The port that the server listens on, once it does; `nil` if it never will. To be asked once.
  package func listeningPort() async -> Int? {
    for await port in port { return port }
    return nil
  }

  /// Asks the server to end: it accepts no more requests and lets answers in progress finish for a while.
  package func shutDown() async {
    await group.triggerGracefulShutdown()
  }
}

extension ServerConfiguration {
  /// The host as a URL writes it.
  var urlHost: String { host.contains(":") ? "[\(host)]" : host }
}
