#if Server
  import ArgumentParser
  import Foundation
  import RouterCLI
  import Testing

  /// What `router --help` and each subcommand's `--help` print, at 100 columns, against files.
  ///
  /// When a text is meant to change, `ROUTER_UPDATE_HELP=1 swift test --filter HelpTests` writes the files anew in
  /// `Tests/RouterCLITests/Fixtures/Help`; read their differences before you commit them.
  struct HelpTests {
    private static let columns = 100

    /// The program and its subcommands, each with the words that call it.
    private static func commands(
      _ command: any ParsableCommand.Type = RouterCommand.self, words: [String] = ["router"]
    ) -> [(name: String, help: String)] {
      let help = RouterCommand.helpMessage(for: command, columns: columns)
      return [(words.joined(separator: "-"), help)]
        + command.configuration.subcommands.flatMap { commands($0, words: words + [$0._commandName]) }
    }

    @Test func everyHelpTextIsTheOneOnFile() throws {
      let commands = Self.commands()
      if ProcessInfo.processInfo.environment["ROUTER_UPDATE_HELP"] == "1" {
        try Self.write(commands)
      }
      let folder = Bundle.module.bundleURL.appending(path: "Fixtures/Help")
      for (name, help) in commands {
        let file = folder.appending(path: "\(name).txt")
        guard let stored = try? String(contentsOf: file, encoding: .utf8) else {
          Issue.record("no help text of \(name) is on file; see HelpTests for how to write it")
          continue
        }
        #expect(
          help + "\n" == stored, "the help of \(name) has changed; see HelpTests for how to accept that")
      }
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
          == commands.map { "\($0.name).txt" }.sorted())
    }

    /// Writes the texts to the source tree, and to the copy that this build of the tests reads.
    private static func write(_ commands: [(name: String, help: String)]) throws {
      let sources = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/Help")
      let copy = Bundle.module.bundleURL.appending(path: "Fixtures/Help")
      for folder in [sources, copy] {
        for old in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
          try FileManager.default.removeItem(at: old)
        }
        for (name, help) in commands {
          try Data((help + "\n").utf8).write(to: folder.appending(path: "\(name).txt"))
        }
      }
    }
  }
#endif
