import ArgumentParser

/// The `router` program.
@main
package struct RouterCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "router",
    abstract:
      "Runs LLaMA-family models on CPUs and decides, token by token, how much of the model each needs.",
    discussion: """
      Start with `router pull`, which obtains the default model; `router serve --policy entropy` then answers \
      OpenAI-style requests on http://127.0.0.1:8080.
      """,
    version: ToolVersion.current,
    subcommands: [
      PullCommand.self, ImportCommand.self, InspectCommand.self, GenerateCommand.self, CalibrateCommand.self,
      ServeCommand.self, PoliciesCommand.self, BenchCommand.self, EvaluateCommand.self, TuneCommand.self,
      AdapterCommand.self,
    ])

  package init() {}
}
