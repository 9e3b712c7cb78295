import RouterCheckpoint
import RouterEvaluation
import RouterTensor

/// What `router inspect` tells about a checkpoint.
struct CheckpointDescription: Encodable {
  struct Tensor: Encodable {
    let name: String
    let dtype: String
    let shape: [Int]
    let bytes: Int
  }

  let path: String
  let fileBytes: Int
  let tensorBytes: Int
  let frames: Int
  let name: String
  let configuration: ModelConfiguration
  let exits: [Int]
  let quantization: String
  let source: String
  let sourceSHA256: String?
  let tuning: String?
  /// The exit adapters, such as `linear at 9 12 15`; nil if there are none.
  let adapters: String?
  /// How the exit adapters were made.
  let adapterTuning: String?
  /// Entries of the draft table; nil if the checkpoint has none.
  let drafts: Int?
  /// Dimensions of the narrow head; nil if there is none.
  let narrowHead: Int?
  let license: String?
  let fingerprint: String
  let tensors: [Tensor]
  var verified: Bool?
  var suitability: SuitabilityReport?

  private enum CodingKeys: String, CodingKey {
    case path, frames, name, configuration, exits, quantization, source, tuning, adapters, drafts, license
    case fingerprint, tensors, verified, suitability
    case fileBytes = "file_bytes"
    case tensorBytes = "tensor_bytes"
    case adapterTuning = "adapter_tuning"
    case narrowHead = "narrow_head"
    case sourceSHA256 = "source_sha256"
  }

  init(_ checkpoint: CheckpointReader) {
    let metadata = checkpoint.metadata
    path = checkpoint.path
    fileBytes = checkpoint.fileByteCount
    tensors = checkpoint.tensors.map {
      Tensor(name: $0.name, dtype: $0.dtype.rawValue, shape: $0.shape, bytes: $0.byteCount)
    }
    tensorBytes = tensors.reduce(0) { $0 + $1.bytes }
    frames = checkpoint.frames.count
    name = metadata.name
    configuration = metadata.configuration
    exits = metadata.exits
    quantization = metadata.quantization
    source = metadata.provenance.source
    sourceSHA256 = metadata.provenance.sourceSHA256
    tuning = metadata.provenance.tuning
    adapters = metadata.adapter.map { record in
      "\(record.kind) at \(record.exits.map(String.init).joined(separator: " "))"
    }
    adapterTuning = metadata.adapter?.tuning
    drafts = checkpoint.tensors.first { $0.name == TensorName.drafts }?.shape.first
    narrowHead = checkpoint.tensors.first { $0.name == TensorName.narrowHead(.projection) }?.shape.first
    license = metadata.license
    fingerprint = checkpoint.fingerprint
  }

  /// Prints for people.
  func print(listingTensors: Bool) {
    let c = configuration
    var lines = [
      ("model", name), ("file", path),
      (
        "size",
        "\(Self.megabytes(fileBytes)) for \(Self.megabytes(tensorBytes)) of tensors in \(frames) frames"
      ),
      ("architecture", c.architecture.rawValue),
      (
        "shape",
        "L \(c.layerCount), D \(c.width), H \(c.headCount), G \(c.keyValueHeadCount), K \(c.headWidth), "
          + "F \(c.feedForwardWidth), V \(c.vocabularySize), \(c.tiedHead ? "tied" : "separate") head"
      ),
      ("context", "\(c.contextLength) positions, rotary base \(c.rotary.base)"),
      ("weights", quantization), ("exits", exits.map(String.init).joined(separator: " ")),
      ("source", source + (sourceSHA256.map { " (SHA-256 \($0.prefix(16))...)" } ?? "")),
      ("tuning", tuning ?? "none"), ("adapters", adapters ?? "none"),
      ("drafts", drafts.map { "a table of \($0)" } ?? "none"),
      ("narrow head", narrowHead.map { "\($0) dimensions" } ?? "none"), ("licence", license ?? "not stated"),
      ("fingerprint", fingerprint),
    ]
    if verified == true { lines.append(("verified", "all \(frames) frames are intact")) }
    var table = TextTable(["", ""])
    for (label, value) in lines { table.add([label, value]) }
    for line in table.lines.dropFirst() { Swift.print(line) }
    if listingTensors { printTensors() }
    if let suitability { Self.printSuitability(suitability, layers: c.layerCount) }
  }

  private func printTensors() {
    var table = TextTable(["tensor", "type", "shape", "bytes"], numeric: [3])
    for tensor in tensors {
      table.add([
        tensor.name, tensor.dtype, tensor.shape.map(String.init).joined(separator: " x "), "\(tensor.bytes)",
      ])
    }
    Swift.print("")
    table.printLines()
  }

  private static func printSuitability(_ report: SuitabilityReport, layers: Int) {
    var table = TextTable(["exit", "agreement", "cross-entropy"], numeric: [0, 1, 2])
    for exit in report.exits {
      table.add([
        "\(exit.depth)", "\(String.fixed(exit.agreement * 100, 1)) %", .fixed(exit.crossEntropy, 3),
      ])
    }
    Swift.print(
      "\n\(report.tokens) tokens of \(report.rows) rows, full-depth perplexity \(String.fixed(report.perplexity, 3))"
    )
    table.printLines()
    Swift.print(
      "oracle depth \(String.fixed(report.oracleDepth, 2)) of \(layers): "
        + "the least mean depth at which every token could still be full depth's")
  }

  private static func megabytes(_ bytes: Int) -> String { "\(String.fixed(Double(bytes) / 1e6, 1)) MB" }
}
