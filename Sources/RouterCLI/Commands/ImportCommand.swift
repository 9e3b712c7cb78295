import ArgumentParser
import RouterCheckpoint
import RouterImport
import RouterTensor

/// `router import`
struct ImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Converts a GGUF file or a Hugging Face directory into one checkpoint.",
    discussion: """
      LLaMA-family models: \(Architecture.names). Without --quantize each matrix keeps the precision of its source \
      as closely as an encoding allows.
      """)

  @Argument(help: "GGUF file, or directory with config.json and safetensors.")
  var source: String

  @Argument(help: "Checkpoint to write, NAME.safetensors.zst.")
  var destination: String

  @Option(help: "Encoding of the weights: auto, f32, bf16, q8 or q4.")
  var quantize: ImportOptions.Quantization = .auto

  @Option(
    help: ArgumentHelp(
      "Exits as layer counts, such as 9,12,15; the fractions .3 ... 1 of L if absent.", valueName: "list"))
  var exits: String?

  @Option(help: ArgumentHelp("Name of the model; the source's own if absent.", valueName: "text"))
  var name: String?

  @Option(help: ArgumentHelp("Join the exit adapters of this file.", valueName: "file"))
  var adapter: String?

  @Flag(help: "Store wide weights as planes, which compress better.")
  var planar = false

  @OptionGroup var output: OutputOptions

  private var exitList: [Int]? {
    get throws {
      try exits.map { text in
        try text.split(separator: ",").map { part in
          guard let exit = Int(part.filter { $0 != " " }) else {
            throw ValidationError("--exits has \"\(part)\". Use whole numbers separated by commas.")
          }
          return exit
        }
      }
    }
  }

  func validate() throws { _ = try exitList }

  func run() throws {
    let bar = ProgressBar("Importing")
    defer { bar.finish() }
    let interrupt = Interrupt()
    let options = ImportOptions(
      quantization: quantize, exits: try exitList, name: name, planar: planar, adapter: adapter,
      tool: ToolVersion.provenance, isCancelled: { interrupt.wasRaised })
    let report = try Importer.importModel(
      from: ImportSource(path: source), to: destination, options: options
    ) { bar.update($0.fraction, $0.phase.rawValue) }
    bar.finish()
    for warning in report.warnings { Terminal.note("warning: \(warning)") }
    let summary = ImportSummary(report)
    if output.json { try OutputOptions.printJSON(summary) } else { summary.print() }
  }
}

/// What `router import` tells about its work.
private struct ImportSummary: Encodable {
  let path: String
  let name: String
  let quantization: String
  let exits: [Int]
  let tensors: Int
  let matrices: [String: Int]
  let exact: Int
  let requantized: Int
  let bytesIn: Int
  let bytesOut: Int
  let warnings: [String]

  private enum CodingKeys: String, CodingKey {
    case path, name, quantization, exits, tensors, matrices, exact, requantized, warnings
    case bytesIn = "bytes_in"
    case bytesOut = "bytes_out"
  }

  init(_ report: ImportReport) {
    path = report.path
    name = report.metadata.name
    quantization = report.metadata.quantization
    exits = report.metadata.exits
    tensors = report.tensorCount
    matrices = Dictionary(uniqueKeysWithValues: report.encodings.map { ($0.key.rawValue, $0.value) })
    exact = report.exactCount
    requantized = report.requantizedCount
    bytesIn = report.bytesIn
    bytesOut = report.bytesOut
    warnings = report.warnings
  }

  func print() {
    let kinds = matrices.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    Swift.print("\(name): \(tensors) tensors (matrices: \(kinds)), \(exact) exact, \(requantized) rounded")
    Swift.print("exits \(exits.map(String.init).joined(separator: " "))")
    let size = String.fixed(Double(bytesOut) / 1e6, 1)
    Swift.print("\(path): \(size) MB from \(String.fixed(Double(bytesIn) / 1e6, 1)) MB")
  }
}

extension ImportOptions.Quantization: ExpressibleByArgument {
  package static var allValueStrings: [String] { ["auto"] + WeightEncoding.allValueStrings }

  package var defaultValueDescription: String {
    switch self {
    case .auto: "auto"
    case .all(let encoding): encoding.rawValue
    }
  }

  package init?(argument: String) {
    if argument == "auto" {
      self = .auto
    } else if let encoding = WeightEncoding(rawValue: argument) {
      self = .all(encoding)
    } else {
      return nil
    }
  }
}
