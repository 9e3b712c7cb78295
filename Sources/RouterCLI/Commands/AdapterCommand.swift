import ArgumentParser
import Foundation
import RouterCheckpoint
import RouterDecoding
import RouterEvaluation

/// `router adapter`
struct AdapterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "adapter", abstract: "Joins exit adapters to a model, or takes them out.",
    discussion: """
      Exit adapters stand between an exit's hidden state and the shared head; `router tune --exit-adapter` makes \
      them. A policy is bound to the model with its adapters: calibrate again after a change.
      """,
    subcommands: [Merge.self, Extract.self, Remove.self, Drafts.self])

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

  struct Drafts: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Adds a draft table to an adapter file: what the model says most after short runs of tokens.",
      discussion: """
        `--mode verify` verifies such drafts, several tokens in a pass. The model reads the answers of the rows and \
        notes what it would have said after each of their tokens: its own answers, which `router tune \
        --self-distill` writes, teach most, but those of others are read faster than own ones are written.
        """)

    @Argument(help: "Adapter file, NAME.adapter.safetensors.zst.")
    var adapter: String

    @OptionGroup var model: ModelOptions

    @Option(
      help: ArgumentHelp(
        "Rows with answers, .json or .jsonl; may be repeated.", valueName: "file"))
    var data: [String]

    @Option(help: ArgumentHelp("Cut texts off after n tokens, prompt included.", valueName: "n"))
    var textTokens = 400

    @Option(help: ArgumentHelp("Entries of the table: 2 to the power of n, 4 bytes each.", valueName: "n"))
    var bits = 18

    @Option(name: .shortAndLong, help: ArgumentHelp("Adapter file to write.", valueName: "file"))
    var out: String

    func validate() throws {
      guard bits >= 0, bits < 32, DraftTable.slotCounts.contains(1 << bits) else {
        throw ValidationError("--bits must lie in 4...22.")
      }
    }

    func run() throws {
      let file = try AdapterFile(path: adapter)
      let examples = try data.flatMap { try Dataset(path: $0).examples }
      let language = try model.load()
      let bar = ProgressBar("Reading")
      defer { bar.finish() }
      let texts = try DraftTableTrainer(language).texts(of: examples, limit: textTokens) { bar.update($0) }
      bar.finish()
      guard let table = DraftTable(training: texts, slotCount: 1 << bits) else { return }
      let places = texts.reduce(0) { $0 + $1.following.count }
      let origin =
        "what the model says at \(places) places of \(texts.count) answers of "
        + data.map { ($0 as NSString).lastPathComponent }.joined(separator: ", ")
      try file.write(to: out, drafts: table.slots, from: origin, tool: ToolVersion.provenance)
      print("wrote \(out): \(table.count) drafts from \(texts.count) answers")
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
