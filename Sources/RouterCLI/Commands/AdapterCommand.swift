import ArgumentParser
import RouterCheckpoint

/// `router adapter`
struct AdapterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adapter", abstract: "Joins exit adapters to a model, or takes them out.",
    discussion: """
      Exit adapters stand between an exit's hidden state and the shared head; `router tune --exit-adapter` makes \
      them. A policy is bound to the model with its adapters: calibrate again after a change.
      """,
    subcommands: [Merge.self, Extract.self, Remove.self])

  struct Merge: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Writes a model with the adapters of a file.")

    @Argument(help: "Adapter file, NAME.adapter.safetensors.zst.")
    var adapter: String

    @OptionGroup var model: ModelOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("Checkpoint to write.", valueName: "file"))
    var out: String

    func run() throws {
      let bar = ProgressBar("Merging")
      defer { bar.finish() }
      try AdapterMerge.merge(AdapterFile(path: adapter), into: model.path(), to: out) { bar.update($0) }
      bar.finish()
      print("wrote \(out)")
    }
  }

  struct Extract: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Writes the adapters of a model to a file.")

    @OptionGroup var model: ModelOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("Adapter file to write.", valueName: "file"))
    var out: String

    func run() throws {
      try AdapterMerge.extract(from: model.path(), to: out, tool: ToolVersion.provenance)
      print("wrote \(out)")
    }
  }

  struct Remove: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Writes a model without its adapters.")

    @OptionGroup var model: ModelOptions

    @Option(name: .shortAndLong, help: ArgumentHelp("Checkpoint to write.", valueName: "file"))
    var out: String

    func run() throws {
      let bar = ProgressBar("Writing")
      defer { bar.finish() }
      try AdapterMerge.remove(from: model.path(), to: out) { bar.update($0) }
      bar.finish()
      print("wrote \(out)")
    }
  }
}
