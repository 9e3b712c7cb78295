#if Server
  import ArgumentParser
  import RouterDecoding
  import RouterExit
  import RouterServer

  /// What `router serve` is to do, from its flags, the environment and defaults.
  package struct ServeSettings: Sendable {
    /// Which model to load, and how.
    package let model: ModelOptions
    /// Policy of requests that name none.
    package let policy: String?
    /// Mode of requests that name neither mode nor policy.
    package let mode: ServedMode?
    /// What tokens leave in layers that they skip; nil for what each policy was calibrated with.
    package let keyValues: KeyValueMode?
    /// Whether ``policy`` is served although it was calibrated for something else.
    package let allowMismatch: Bool
    /// Load no layer beyond this exit; nil for all.
    package let maximumExit: Int?
    /// Where the port is written once the server listens.
    package let portFile: String?
    /// Answers that are generated at the same time.
    package let sequences: Int
    /// Bytes for keys and values; nil for half of what is free.
    package let keyValueMemory: Int?
    /// Whether requests begin with what others have left of the same beginning.
    package let sharesPrefixes: Bool
    /// Where named prefixes are kept; nil for none.
    package let prefixFile: String?
    /// Requests that may wait beyond those.
    package let queue: Int
    package let logLevel: LogLevel
    /// For the server.
    package let configuration: ServerConfiguration
  }

  extension ServeCommand {
    /// What is to be done: flags win over the environment, which wins over defaults.
    ///
    /// - Throws: `ValidationError` that names a value that is out of range, and where it is from.
    package func settings(_ environment: ServerEnvironment = .init()) throws -> ServeSettings {
      func integer(_ given: Int?, _ flag: String, _ range: ClosedRange<Int>, default usual: Int) throws -> Int
      {
        let value = try environment.value(given, flag) ?? usual
        guard range.contains(value) else {
          throw ValidationError(
            "\(environment.source(given, flag)) is \(value). Use \(range.lowerBound) to \(range.upperBound).")
        }
        return value
      }
      func number(
        _ given: Double?, _ flag: String, _ range: ClosedRange<Int>, default usual: Double
      ) throws -> Double {
        let value = try environment.value(given, flag) ?? usual
        guard (Double(range.lowerBound)...Double(range.upperBound)).contains(value) else {
          throw ValidationError(
            "\(environment.source(given, flag)) is \(value). Use \(range.lowerBound) to \(range.upperBound).")
        }
        return value
      }
      var configuration = ServerConfiguration()
      configuration.host = try environment.value(host, "host") ?? configuration.host
      configuration.port = try integer(port, "port", 0...65535, default: configuration.port)
      configuration.modelAliases = environment.values(alias, "alias")
      configuration.defaultMaximumTokens = try integer(
        maxTokens, "max-tokens", 1...1 << 27, default: configuration.defaultMaximumTokens)
      configuration.defaultTemperature = try number(
        temperature, "temperature", 0...100, default: configuration.defaultTemperature)
      configuration.shutdownGrace = .seconds(try integer(grace, "grace", 0...3600, default: 30))
      configuration.auditShare = try number(auditShare, "audit-share", 0...1, default: 0.05)
      configuration.alarmReaction = try environment.value(onAlarm, "on-alarm") ?? configuration.alarmReaction
      let policy = try environment.value(policy, "policy")
      let mode = try environment.value(mode, "mode")
      if mode == .exit && policy == nil {
        throw ValidationError(
          "\(environment.source(self.mode, "mode")) exit needs --policy: what decides the exits.")
      }
      let prefixFile = try environment.value(prefixFile, "prefix-file")
      let sharesPrefixes = try !environment.isOn(noSharedPrefixes, "no-shared-prefixes")
      guard sharesPrefixes || prefixFile == nil else {
        throw ValidationError(
          "\(environment.source(self.prefixFile, "prefix-file")) keeps prefixes that requests share, and "
            + "--no-shared-prefixes has them share none. Leave one of the two out.")
      }
      let mebibytes = try integer(kvMemory, "kv-memory", 0...1 << 30, default: 0)
      return ServeSettings(
        model: try model.resolved(by: environment), policy: policy, mode: mode,
        keyValues: try environment.value(kv, "kv"),
        allowMismatch: try environment.isOn(allowMismatch, "allow-mismatch"),
        maximumExit: try environment.value(maxExit, "max-exit"),
        portFile: try environment.value(portFile, "port-file"),
        sequences: try integer(sequences, "sequences", 1...1024, default: InferenceEngine.usualSequences),
        keyValueMemory: mebibytes == 0 ? nil : mebibytes << 20,
        sharesPrefixes: sharesPrefixes, prefixFile: prefixFile,
        queue: try integer(queue, "queue", 0...1_000_000, default: 64),
        logLevel: try environment.value(logLevel, "log-level") ?? .info, configuration: configuration)
    }
  }
#endif
