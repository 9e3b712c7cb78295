#if Server
  import ArgumentParser
  import Foundation
  import RouterCLI
  import RouterDecoding
  import RouterExit
  import RouterServer
  import Testing

  /// Flags win over environment variables, which win over defaults.
  struct ServeSettingsTests {
    private func settings(_ arguments: [String] = [], _ variables: [String: String] = [:]) throws
      -> ServeSettings
    {
      try ServeCommand.parse(arguments).settings(ServerEnvironment(variables))
    }

    @Test func everyFlagHasADefault() throws {
      let settings = try settings()
      #expect(settings.configuration.host == "127.0.0.1" && settings.configuration.port == 8080)
      #expect(
        settings.configuration.auditShare == 0.05 && settings.configuration.shutdownGrace == .seconds(30))
      #expect(
        settings.configuration.defaultMaximumTokens == 1024 && settings.configuration.defaultTemperature == 1)
      #expect(settings.configuration.alarmReaction == .none && settings.configuration.modelAliases.isEmpty)
      #expect(
        settings.sequences == 64 && settings.keyValueMemory == nil && settings.queue == 64
          && settings.logLevel == .info)
      #expect(settings.policy == nil && settings.mode == nil && settings.keyValues == nil)
      #expect(settings.maximumExit == nil && settings.portFile == nil && !settings.allowMismatch)
    }

    /// Each flag with a value in the environment, another one on the command line, and what shows which came through.
    private static let flags:
      [(flag: String, variable: String, given: String, seen: @Sendable (ServeSettings) -> String)] = [
        ("policy", "probe", "entropy", { "\($0.policy ?? "")" }),
        ("mode", "verify", "full", { $0.mode?.rawValue ?? "" }),
        ("kv", "exact", "propagate", { $0.keyValues?.rawValue ?? "" }),
        ("audit-share", "0.5", "0.25", { "\($0.configuration.auditShare)" }),
        ("on-alarm", "full", "verify", { $0.configuration.alarmReaction.defaultValueDescription }),
        ("host", "0.0.0.0", "10.0.0.1", { $0.configuration.host }),
        ("port", "1", "2", { "\($0.configuration.port)" }),
        ("port-file", "a", "b", { $0.portFile ?? "" }),
        ("max-exit", "9", "12", { "\($0.maximumExit ?? 0)" }),
        ("sequences", "1", "2", { "\($0.sequences)" }),
        ("kv-memory", "1", "2", { "\(($0.keyValueMemory ?? 0) >> 20)" }),
        ("prefix-file", "a", "b", { $0.prefixFile ?? "" }),
        ("queue", "1", "2", { "\($0.queue)" }),
        ("max-tokens", "1", "2", { "\($0.configuration.defaultMaximumTokens)" }),
        ("temperature", "0.5", "0.25", { "\($0.configuration.defaultTemperature)" }),
        ("alias", "a", "b", { $0.configuration.modelAliases.joined(separator: " ") }),
        ("log-level", "debug", "error", { $0.logLevel.rawValue }),
        ("model", "a", "b", { $0.model.model ?? "" }),
        ("threads", "1", "2", { "\($0.model.threads ?? 0)" }),
        ("kv-type", "f16", "q8", { $0.model.keyValueType?.rawValue ?? "" }),
        ("head-screen", "on", "auto", { $0.model.headScreen?.rawValue ?? "" }),
      ]

    @Test(arguments: flags.indices) func flagsWinOverTheEnvironment(_ index: Int) throws {
      let (flag, variable, given, seen) = Self.flags[index]
      let variables = [ServerEnvironment.name(of: flag): variable]
      #expect(try seen(settings([], variables)) == variable)
      #expect(try seen(settings(["--\(flag)", given], variables)) == given)
      #expect(try seen(settings(["--\(flag)", given])) == given)
      // A variable that is set to nothing is as good as none.
      #expect(try seen(settings([], [ServerEnvironment.name(of: flag): ""])) == seen(settings()))
    }

    @Test func whatIsSharedCanBeTurnedOff() throws {
      #expect(try settings().sharesPrefixes)
      #expect(try !settings(["--no-shared-prefixes"]).sharesPrefixes)
      #expect(try !settings([], ["ROUTER_NO_SHARED_PREFIXES": "1"]).sharesPrefixes)
    }

    @Test(arguments: [
      (["--prefix-file", "a", "--no-shared-prefixes"], [:], "--prefix-file"),
      (["--no-shared-prefixes"], ["ROUTER_PREFIX_FILE": "a"], "ROUTER_PREFIX_FILE"),
      (["--prefix-file", "a"], ["ROUTER_NO_SHARED_PREFIXES": "1"], "--prefix-file"),
    ])
    func whatIsKeptIsShared(arguments: [String], variables: [String: String], named: String) throws {
      let error = #expect(throws: (any Error).self) { try settings(arguments, variables) }
      let text = "\(try #require(error))"
      #expect(text.contains(named) && text.contains("Leave one"))
    }

    /// A flag that someone adds without a variable.
    @Test func everyFlagOfTheHelpHasAVariable() throws {
      let help = ServeCommand.helpMessage(columns: 400)
      let known = Set(
        Self.flags.map(\.flag) + [
          "grace", "allow-mismatch", "no-shared-prefixes", "exact-activations", "help", "version",
        ])
      let options = help.components(separatedBy: "OPTIONS:").dropFirst().joined()
      let named = options.split(separator: "\n").compactMap { line in
        line.split { " ,/".contains($0) }.first { $0.hasPrefix("--") }.map { String($0.dropFirst(2)) }
      }
      #expect(!named.isEmpty && Set(named).subtracting(known).isEmpty)
    }

    @Test func namesAreThoseOfTheFlags() {
      #expect(ServerEnvironment.name(of: "port") == "ROUTER_PORT")
      #expect(ServerEnvironment.name(of: "log-level") == "ROUTER_LOG_LEVEL")
      #expect(ServerEnvironment.name(of: "kv-type") == "ROUTER_KV_TYPE")
    }

    @Test func flagsWithoutValuesAreYesOrNo() throws {
      for word in ["1", "true", "YES", "on"] {
        #expect(try settings([], ["ROUTER_ALLOW_MISMATCH": word]).allowMismatch)
        #expect(try settings([], ["ROUTER_EXACT_ACTIVATIONS": word]).model.exactActivations)
      }
      #expect(try !settings([], ["ROUTER_ALLOW_MISMATCH": "0"]).allowMismatch)
      #expect(try settings(["--allow-mismatch"], ["ROUTER_ALLOW_MISMATCH": "0"]).allowMismatch)
    }

    @Test func severalAliasesAreSeparatedByCommas() throws {
      #expect(try settings([], ["ROUTER_ALIAS": "a, b,"]).configuration.modelAliases == ["a", "b"])
      #expect(
        try settings(["--alias", "c", "--alias", "d"], ["ROUTER_ALIAS": "a"]).configuration.modelAliases == [
          "c", "d",
        ])
    }

    @Test func gracePeriodsAreSeconds() throws {
      #expect(try settings([], ["ROUTER_GRACE": "5"]).configuration.shutdownGrace == .seconds(5))
      #expect(
        try settings(["--grace", "7"], ["ROUTER_GRACE": "5"]).configuration.shutdownGrace == .seconds(7))
    }

    @Test(arguments: [
      ("ROUTER_PORT", "high"), ("ROUTER_PORT", "65536"), ("ROUTER_SEQUENCES", "0"),
      ("ROUTER_AUDIT_SHARE", "2"),
      ("ROUTER_TEMPERATURE", "nan"), ("ROUTER_MODE", "fast"), ("ROUTER_LOG_LEVEL", "loud"),
      ("ROUTER_ALLOW_MISMATCH", "perhaps"), ("ROUTER_THREADS", "0"), ("ROUTER_MODE", "exit"),
    ])
    func aBadVariableIsNamed(variable: String, text: String) throws {
      let error = #expect(throws: ValidationError.self) { try settings([], [variable: text]) }
      #expect(error?.message.hasPrefix(variable) == true)
    }

    @Test func aBadFlagIsNamedEvenWhereAVariableIsSet() throws {
      let command = try ServeCommand.parse(["--port", "1"])
      var bad = command
      bad.port = 70_000
      let error = #expect(throws: ValidationError.self) {
        try bad.settings(ServerEnvironment(["ROUTER_PORT": "1"]))
      }
      #expect(error?.message == "--port is 70000. Use 0 to 65535.")
    }

    @Test func anExitModeNeedsAPolicyFromAnywhere() throws {
      let variables = ["ROUTER_MODE": "exit", "ROUTER_POLICY": "probe"]
      #expect(try settings([], variables).mode == .exit)
    }
  }
#endif
