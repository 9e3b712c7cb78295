/// How the server listens, what it accepts, and what it assumes where a request is silent.
package struct ServerConfiguration: Sendable {
  /// Address to listen on.
  package var host = "127.0.0.1"
  /// Port to listen on; 0 lets the system choose one.
  package var port = 8080
  /// Names under which the model answers besides its own.
  package var modelAliases: [String] = []
  /// Largest request body, bytes.
  package var maximumBodyBytes = 4 << 20
  /// Connections that are served at the same time; further ones wait to be accepted.
  package var maximumConnections = 512
  /// Most choices (`n` times the prompts) of one request.
  package var maximumChoices = 32
  /// Answer length, tokens, where a request gives none; the context's end limits it further.
  package var defaultMaximumTokens = 1024
  /// Sampling temperature where a request gives none.
  package var defaultTemperature = 1.0
  /// Longest time a request may take, queueing included; `nil`: no limit.
  package var requestTimeout: Duration?
  /// Silence after which a stream carries a comment, so that proxies keep it open.
  package var keepAliveInterval: Duration = .seconds(15)
  /// How long a connection may stay idle between requests, or take to send one.
  package var idleTimeout: Duration = .seconds(75)
  /// How long answers in progress may go on after the request to shut down.
  package var shutdownGrace: Duration = .seconds(30)
  /// Share of the answers of exit policies that are checked against full depth while the server is idle, 0...1.
  package var auditShare = 0.0
  /// Answers that may wait for that; further ones are let go.
  package var auditQueueLimit = 64
  /// What becomes of a policy's requests once audits have shown that it breaks its promise.
  package var alarmReaction = AlarmReaction.none
  /// Whether SIGTERM and SIGINT shut the server down gracefully.
  package var handlesSignals = true

  /// Makes the default configuration.
  package init() {}
}
