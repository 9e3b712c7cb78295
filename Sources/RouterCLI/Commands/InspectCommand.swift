import ArgumentParser
import Foundation
import RouterCheckpoint
import RouterDecoding
import RouterEvaluation

/// `router inspect`
struct InspectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Shows what is in a checkpoint, checks it, or measures whether exits pay.")

  @OptionGroup var model: ModelOptions
  @OptionGroup var output: OutputOptions

  @Flag(help: "List the tensors.")
  var tensors = false

  @Flag(help: "Decompress every frame and check it.")
  var verify = false

  @Option(
    help: ArgumentHelp(
      "Measure on this text, per exit, agreement with full depth and cross-entropy: rows with answers (.json, "
        + ".jsonl), or plain text (.txt).",
      valueName: "file"))
  var suitability: String?

  @Option(help: ArgumentHelp("Use the first n rows of the data.", valueName: "n"))
  var rows: Int?

  @Option(help: ArgumentHelp("Tokens of a window of plain text.", valueName: "n"))
  var window = 512

  func validate() throws {
    if let rows, rows < 1 { throw ValidationError("--rows is \(rows). Use at least 1.") }
    if window < 2 { throw ValidationError("--window is \(window). Use at least 2.") }
  }

  func run() async throws {
    let path = try model.path()
    let checkpoint = try CheckpointReader(path: path, contents: nil)
    var description = CheckpointDescription(checkpoint)
    if verify {
      let bar = ProgressBar("Verifying")
      try checkpoint.verify(threadCount: model.threads ?? ProcessInfo.processInfo.activeProcessorCount) {
        bar.update($0)
      }
      bar.finish()
      description.verified = true
    }
    if let suitability { description.suitability = try measure(suitability) }
    if output.json { return try OutputOptions.printJSON(description) }
    description.print(listingTensors: tensors)
  }

  /// Scores a data file with the model.
  private func measure(_ path: String) throws -> SuitabilityReport {
    let language = try model.load()
    var study = SuitabilityStudy(language)
    let bar = ProgressBar("Measuring")
    defer { bar.finish() }
    if path.hasSuffix(".txt") {
      guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
        throw CommandError("the file cannot be read as UTF-8 text", at: path, remedy: "Check the path.")
      }
      _ = try study.add(text: text, window: min(window, language.contextLength)) { bar.update($0) }
    } else {
      let data = try Dataset(path: path, limit: rows)
      for (index, example) in data.examples.enumerated() {
        _ = try study.add(example)
        bar.update(Double(index + 1) / Double(data.examples.count))
      }
    }
    return try study.report()
  }
}
