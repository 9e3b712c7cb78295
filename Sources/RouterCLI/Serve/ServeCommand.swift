#if Server
  import ArgumentParser
  import Foundation
  import Logging
  import RouterCheckpoint
  import RouterDecoding
  import RouterExit
  import RouterServer

  /// `router serve`
  package struct ServeCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
      commandName: "serve",
      abstract: "Answers OpenAI-style requests over HTTP, each token at the exit it needs.",
      discussion: """
        POST /v1/chat/completions, POST /v1/completions, GET /v1/models, GET /health, GET /metrics. \
        With --prefix-file also POST and GET /v1/prefixes, GET and DELETE /v1/prefixes/NAME. Requests may \
        carry "router": {"policy": NAME, "mode": "full", "exit", "verify" or "auto", \
        "kv": "propagate" or "exact", \
        "max_exit": LAYERS}; responses tell at which exit each token left. With --audit-share, answers of exit \
        policies are checked against full depth while the server is idle; /health and /metrics tell the realised \
        risk beside the promised one. Only greedy requests can be checked.

        An environment variable may stand in for each flag: ROUTER_PORT for --port, ROUTER_LOG_LEVEL=debug for \
        --log-level debug, ROUTER_ALLOW_MISMATCH=1 for --allow-mismatch, ROUTER_ALIAS=a,b for --alias a --alias b. \
        Flags win.
        """)

    package init() {}

    @OptionGroup var model: ModelOptions

    @Option(
      name: .shortAndLong,
      help: ArgumentHelp("Policy of requests that name none; absent, they run all layers.", valueName: "name")
    )
    var policy: String?

    @Option(
      help: ArgumentHelp(
        """
        Mode of requests that name neither mode nor policy: full, exit (needs --policy), verify (full depth's \
        tokens, drafted ahead) or auto (of full, verify and what the policy's guarantee covers, the one that is \
        expected to be done soonest at the load of the moment). Absent: auto with a --policy that has a guarantee, \
        exit with another, full without.
        """, valueName: "mode"))
    var mode: ServedMode?

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
        "Share of the answers of exit policies to check against full depth while idle, 0 to 1; 0 for none; 0.05 if absent.",
        valueName: "x"))
    var auditShare: Double?

    @Option(
      help: ArgumentHelp(
        """
        What a policy's requests do once checks have shown that it breaks its promise: none (go on), full or \
        verify (run in that mode); none if absent.
        """, valueName: "reaction"))
    var onAlarm: AlarmReaction?

    @Option(help: ArgumentHelp("Address to listen on; 127.0.0.1 if absent.", valueName: "address"))
    var host: String?

    @Option(
      help: ArgumentHelp("Port to listen on; 0 lets the system choose, 8080 if absent.", valueName: "n"))
    package var port: Int?

    @Option(help: ArgumentHelp("Write the port to this file once the server listens.", valueName: "file"))
    var portFile: String?

    @Option(help: ArgumentHelp("Load no layer beyond this exit.", valueName: "layers"))
    var maxExit: Int?

    @Option(
      help: ArgumentHelp(
        "Answers that are generated at the same time at most; as many as memory allows, up to 64, if absent.",
        valueName: "n"))
    var sequences: Int?

    @Option(
      help: ArgumentHelp(
        "Memory for keys and values in MiB; half of what is free at the start if absent or 0.",
        valueName: "MiB"))
    var kvMemory: Int?

    @Flag(
      help: ArgumentHelp(
        """
        Read every prompt anew, whatever earlier requests have left: for clients who must not learn from their \
        waiting times what others asked.
        """))
    var noSharedPrefixes = false

    @Option(
      help: ArgumentHelp(
        """
        Keep the prefixes of POST /v1/prefixes in this file, and those that are in it from the start; they may take a \
        quarter of the memory for keys and values.
        """, valueName: "file"))
    var prefixFile: String?

    @Option(
      help: ArgumentHelp(
        "Requests that may wait beyond those, 64 if absent; more get status 429.", valueName: "n"))
    var queue: Int?

    @Option(help: ArgumentHelp("New tokens where a request gives no limit; 1024 if absent.", valueName: "n"))
    var maxTokens: Int?

    @Option(help: ArgumentHelp("Temperature where a request gives none; 1 if absent.", valueName: "x"))
    var temperature: Double?

    @Option(
      help: ArgumentHelp("Another name under which the model answers; may be repeated.", valueName: "name"))
    var alias: [String] = []

    @Option(
      help: ArgumentHelp(
        "Seconds that answers in progress may take when the server is told to stop; 30 if absent.",
        valueName: "n"))
    var grace: Int?

    @Option(help: ArgumentHelp("How much to log; info if absent.", valueName: "level"))
    var logLevel: LogLevel?

    package func validate() throws { _ = try settings() }

    package func run() async throws {
      let settings = try settings()
      var logger = Logger(label: "router", factory: StreamLogHandler.standardError(label:))
      logger.logLevel = settings.logLevel.level
      // Fail before the socket is bound where the reason is already known.
      let path = try settings.model.path()
      let wanted = try settings.policy.map { try PolicyLocator.standard.load($0) }
      if let file = settings.prefixFile { try Self.check(prefixFile: file) }

      let server = CompletionServer(configuration: settings.configuration, logger: logger) { [logger] in
        let language = try settings.model.load(path: path, maximumExit: settings.maximumExit)
        let policies = try Self.catalog(settings, for: language, wanted: wanted, logger: logger)
        let engine = InferenceEngine(
          model: language, sequences: settings.sequences, queueLimit: settings.queue,
          keyValueMemory: settings.keyValueMemory, sharesPrefixes: settings.sharesPrefixes,
          keepsPrefixes: settings.prefixFile != nil)
        try Self.report(engine, asked: settings.keyValueMemory, to: logger)
        let prefixes = try settings.prefixFile.map { try Self.prefixes(in: $0, for: engine, logger) }
        return EngineBackend(
          engine: engine, policies: policies, created: Int(Date().timeIntervalSince1970), prefixes: prefixes)
      }
      let announcing = settings.portFile.map { file in
        Task {
          if let bound = await server.listeningPort() {
            try Data("\(bound)\n".utf8).write(to: URL(fileURLWithPath: file), options: .atomic)
          }
        }
      }
      defer { announcing?.cancel() }
      try await server.run()
    }

    /// Says how much memory keys and values may take.
    ///
    /// - Throws: ``CommandError`` if it has no room for a page.
    private static func report(_ engine: InferenceEngine, asked: Int?, to logger: Logger) throws {
      let memory = engine.keyValueMemory
      if let asked, asked < memory.pageByteCount {
        throw CommandError(
          "--kv-memory is \(asked >> 20) MiB, and a page of keys and values of this model takes "
            + "\((memory.pageByteCount >> 20) + 1) MiB",
          remedy:
            "Give at least as much for each sequence, for every \(KeyValueMemory.pagePositions) positions.")
      }
      logger.info(
        "Memory for keys and values",
        metadata: [
          "type": "\(engine.model.keyValueType.rawValue)", "pages": "\(memory.pageLimit)",
          "page_bytes": "\(memory.pageByteCount)",
          "positions": "\(memory.pageLimit * KeyValueMemory.pagePositions)",
        ])
    }

    /// Checks a prefix file, or that there is a place for one.
    private static func check(prefixFile path: String) throws {
      var isDirectory: ObjCBool = false
      if FileManager.default.fileExists(atPath: path) {
        _ = try PrefixFile(path: path)
        return
      }
      let directory = URL(fileURLWithPath: path).deletingLastPathComponent().path
      guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory),
        isDirectory.boolValue
      else {
        throw CommandError(
          "there is no directory for the prefix file", at: path,
          remedy: "Make \(directory), or give --prefix-file another path.")
      }
    }

    /// The prefixes of a file, which is made when there is one to keep.
    private static func prefixes(
      in path: String, for engine: InferenceEngine, _ logger: Logger
    ) throws -> PrefixStore {
      let store = try PrefixStore(path: path, for: engine, tool: ToolVersion.provenance)
      let usage = store.usage
      logger.info(
        "Kept prefixes",
        metadata: [
          "file": "\(path)", "prefixes": "\(usage.count)", "pages": "\(usage.pages)",
          "page_limit": "\(usage.pageLimit)",
        ])
      return store
    }

    /// The policies that requests may name: every one that can be found and fits the model, and the wanted one.
    private static func catalog(
      _ settings: ServeSettings, for language: LanguageModel, wanted: PolicyFile?, logger: Logger
    ) throws -> PolicyCatalog {
      var policies: [String: ServedPolicy] = [:]
      for (name, path) in PolicyLocator.standard.names() where name != wanted?.name {
        do {
          let file = try PolicyFile(path: path)
          policies[name] = ServedPolicy(try ExitPlan(file, for: language, keyValues: settings.keyValues))
        } catch {
          logger.debug("Policy left out", metadata: ["policy": "\(name)", "reason": "\(error)"])
        }
      }
      if let wanted {
        policies[wanted.name] = ServedPolicy(
          try ExitPlan(
            wanted, for: language, keyValues: settings.keyValues, allowMismatch: settings.allowMismatch),
          guarantee: wanted.guarantee)
      }
      // What a policy promises holds at every point of its path: load may choose among them.
      let path = wanted.flatMap { policies[$0.name]?.plan.certifiedPath } ?? []
      return try PolicyCatalog(
        policies, default: wanted?.name, mode: settings.mode ?? (path.isEmpty ? nil : .auto))
    }
  }
#endif
