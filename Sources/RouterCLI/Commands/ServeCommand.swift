import ArgumentParser
import Foundation
import Logging
import RouterDecoding
import RouterExit
import RouterServer

/// `router serve`
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Answers OpenAI-style requests over HTTP, each token at the exit it needs.",
    discussion: """
      POST /v1/chat/completions, POST /v1/completions, GET /v1/models, GET /health. Requests may carry \
      "router": {"policy": NAME, "max_exit": LAYERS, "mode": "full" or "exit"}; responses tell at which exit each \
      token left.
      """)

  @OptionGroup var model: ModelOptions

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Policy of requests that name none; absent, they run all layers.", valueName: "name"))
  var policy: String?

  @Flag(
    help: "Serve a policy although it was calibrated for another model. Its guarantee does not hold then.")
  var allowMismatch = false

  @Option(help: ArgumentHelp("Address to listen on.", valueName: "address"))
  var host = "127.0.0.1"

  @Option(help: ArgumentHelp("Port to listen on; 0 lets the system choose.", valueName: "n"))
  var port = 8080

  @Option(help: ArgumentHelp("Write the port to this file once the server listens.", valueName: "file"))
  var portFile: String?

  @Option(help: ArgumentHelp("Load no layer beyond this exit.", valueName: "layers"))
  var maxExit: Int?

  @Option(help: ArgumentHelp("Answers that are generated at the same time.", valueName: "n"))
  var slots = 4

  @Option(help: ArgumentHelp("Requests that may wait beyond those; more get status 429.", valueName: "n"))
  var queue = 64

  @Option(help: ArgumentHelp("New tokens where a request gives no limit.", valueName: "n"))
  var maxTokens = 1024

  @Option(help: ArgumentHelp("Temperature where a request gives none.", valueName: "x"))
  var temperature = 1.0

  @Option(
    help: ArgumentHelp("Another name under which the model answers; may be repeated.", valueName: "name"))
  var alias: [String] = []

  @Option(
    help: ArgumentHelp(
      "Seconds that answers in progress may take when the server is told to stop.", valueName: "n"))
  var grace = 30

  @Option(
    help: "How much to log: trace, debug, info, notice, warning, error or critical.",
    transform: { text in
      guard let level = Logger.Level(rawValue: text) else {
        throw ValidationError("there is no log level \(text)")
      }
      return level
    })
  var logLevel = Logger.Level.info

  func validate() throws {
    func check(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
      guard range.contains(value) else {
        throw ValidationError("--\(name) is \(value). Use \(range.lowerBound) to \(range.upperBound).")
      }
    }
    try check("port", port, 0...65535)
    try check("slots", slots, 1...1024)
    try check("queue", queue, 0...1_000_000)
    try check("max-tokens", maxTokens, 1...1 << 27)
    try check("grace", grace, 0...3600)
    guard (0...100).contains(temperature) else {
      throw ValidationError("--temperature is \(temperature). Use 0 to 100.")
    }
  }

  func run() async throws {
    var configuration = ServerConfiguration()
    configuration.host = host
    configuration.port = port
    configuration.modelAliases = alias
    configuration.defaultMaximumTokens = maxTokens
    configuration.defaultTemperature = temperature
    configuration.shutdownGrace = .seconds(grace)

    var logger = Logger(label: "router", factory: StreamLogHandler.standardError(label:))
    logger.logLevel = logLevel
    // Fail before the socket is bound where the reason is already known.
    let path = try model.path()
    let wanted = try policy.map { try PolicyLocator.standard.load($0) }

    let server = CompletionServer(configuration: configuration, logger: logger) { [self, logger] in
      let language = try model.load(path: path, maximumExit: maxExit)
      let policies = try catalog(for: language, wanted: wanted, logger: logger)
      return EngineBackend(
        engine: InferenceEngine(model: language, slots: slots, queueLimit: queue), policies: policies,
        created: Int(Date().timeIntervalSince1970))
    }
    let announcing = portFile.map { file in
      Task {
        if let bound = await server.listeningPort() {
          try Data("\(bound)\n".utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
        }
      }
    }
    defer { announcing?.cancel() }
    try await server.run()
  }

  /// The policies that requests may name: every one that can be found and fits the model, and the wanted one.
  private func catalog(
    for language: LanguageModel, wanted: PolicyFile?, logger: Logger
  ) throws -> PolicyCatalog {
    var policies: [String: any ExitPolicy] = [:]
    for (name, path) in PolicyLocator.standard.names() where name != wanted?.name {
      do {
        let file = try PolicyFile(path: path)
        try PolicyGate.check(file, for: language, allowMismatch: false)
        policies[name] = file.makePolicy()
      } catch {
        logger.debug("Policy left out", metadata: ["policy": "\(name)", "reason": "\(error)"])
      }
    }
    if let wanted {
      try PolicyGate.check(wanted, for: language, allowMismatch: allowMismatch)
      policies[wanted.name] = wanted.makePolicy()
    }
    return try PolicyCatalog(policies, default: wanted?.name)
  }
}
