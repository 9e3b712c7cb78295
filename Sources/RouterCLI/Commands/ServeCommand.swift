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
      POST /v1/chat/completions, POST /v1/completions, GET /v1/models, GET /health, GET /metrics. Requests may \
      carry "router": {"policy": NAME, "mode": "full", "exit" or "verify", "kv": "propagate" or "exact", \
      "max_exit": LAYERS}; responses tell at which exit each token left. With --audit-share, answers of exit \
      policies are checked against full depth while the server is idle; /health and /metrics tell the realised \
      risk beside the promised one. Only greedy requests can be checked.
      """)

  @OptionGroup var model: ModelOptions

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Policy of requests that name none; absent, they run all layers.", valueName: "name"))
  var policy: String?

  @Option(
    help: ArgumentHelp(
      """
      Mode of requests that name neither mode nor policy: full, exit (needs --policy) or verify (full depth's \
      tokens, drafted ahead); exit with --policy and full without it if absent.
      """, valueName: "mode"))
  var mode: DecodingMode?

  @Option(
    help: ArgumentHelp(
      """
      What tokens leave in layers that they skip: propagate or exact; as each policy was calibrated if absent.
      """, valueName: "mode"))
  var kv: KeyValueMode?

  @Flag(
    help: """
      Serve --policy although it was calibrated for another model or other keys and values. Its guarantee does \
      not hold then.
      """)
  var allowMismatch = false

  @Option(
    help: ArgumentHelp(
      "Share of the answers of exit policies to check against full depth while idle, 0 to 1; 0 for none.",
      valueName: "x"))
  var auditShare = 0.05

  @Option(
    help: ArgumentHelp(
      """
      What a policy's requests do once checks have shown that it breaks its promise: none (go on), full or \
      verify (run in that mode).
      """, valueName: "reaction"))
  var onAlarm = AlarmReaction.none

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
    guard (0...1).contains(auditShare) else {
      throw ValidationError("--audit-share is \(auditShare). Use 0 to 1.")
    }
    if mode == .exit && policy == nil {
      throw ValidationError("--mode exit needs --policy: what decides the exits.")
    }
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
    configuration.auditShare = auditShare
    configuration.alarmReaction = onAlarm

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
    var policies: [String: ServedPolicy] = [:]
    for (name, path) in PolicyLocator.standard.names() where name != wanted?.name {
      do {
        let file = try PolicyFile(path: path)
        policies[name] = ServedPolicy(try ExitPlan(file, for: language, keyValues: kv))
      } catch {
        logger.debug("Policy left out", metadata: ["policy": "\(name)", "reason": "\(error)"])
      }
    }
    if let wanted {
      policies[wanted.name] = ServedPolicy(
        try ExitPlan(wanted, for: language, keyValues: kv, allowMismatch: allowMismatch),
        guarantee: wanted.guarantee)
    }
    return try PolicyCatalog(policies, default: wanted?.name, mode: mode)
  }
}

extension AlarmReaction: ExpressibleByArgument {
  /// `none`, or a mode in which answers are full depth's.
  package init?(argument: String) {
    switch (argument, DecodingMode(rawValue: argument)) {
    case ("none", _): self = .none
    case (_, .full?): self = .run(.full)
    case (_, .verify?): self = .run(.verify)
    case (_, .exit?), (_, nil): return nil
    }
  }

  package static var allValueStrings: [String] { ["none", "full", "verify"] }

  package var defaultValueDescription: String {
    switch self {
    case .none: "none"
    case .run(let mode): mode.rawValue
    }
  }
}
