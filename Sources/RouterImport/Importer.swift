import Foundation
import RouterCheckpoint
import RouterTensor

/// Turns models of other formats into checkpoints.
package enum Importer {
  /// Imports a model.
  ///
  /// Tensors are converted one by one as the writer asks for them; the model is never in memory as a whole. The
  /// checkpoint appears under its name only when it is complete.
  ///
  /// - Parameters:
  ///   - source: a GGUF file or a Hugging Face directory.
  ///   - destination: path of the checkpoint, usually `NAME.safetensors.zst`.
  ///   - progress: called from any thread.
  /// - Returns: what was done.
  /// - Throws: `ImportError`; then nothing was written.
  package static func importModel(
    from source: ImportSource, to destination: String, options: ImportOptions = ImportOptions(),
    progress: (@Sendable (ImportProgress) -> Void)? = nil
  ) throws(ImportError) -> ImportReport {
    let model: SourceModel
    switch source {
    case .gguf(let path): model = try GGUFModel.open(path: path)
    case .directory(let path): model = try HuggingFaceModel.open(path: path)
    }
    let plan = try ImportPlan(model, options)
    let adapter = try options.adapter.map { path throws(ImportError) in
      try ImportError.rethrowing(.invalidOption, file: path) { () throws(CheckpointError) in
        try AdapterFile(path: path)
      }
    }

    progress?(ImportProgress(.hashing, 0))
    let hash = try combinedHash(of: model.weightFiles)
    try checkCancelled(options)
    var metadata = try ImportError.rethrowing(.invalidOption, file: model.sourceName) {
      () throws(CheckpointError) in
      try CheckpointMetadata(
        name: options.name ?? model.name, configuration: model.configuration, exits: plan.exits,
        tokenizer: plan.tokenizerJSON, quantization: plan.quantization,
        provenance: Provenance(source: model.sourceName, sourceSHA256: hash, tool: options.tool),
        license: model.license)
    }

    var tensors = plan.pendingTensors(options)
    if let adapter {
      try ImportError.rethrowing(.invalidOption, file: adapter.path) { () throws(CheckpointError) in
        tensors += try adapter.tensors(for: metadata, fingerprint: nil)
        metadata = try metadata.with(adapter.record)
      }
    }

    var writing = CheckpointWriter.Options(planar: options.planar)
    if let level = options.level { writing.level = level }
    if let threadCount = options.threadCount { writing.threadCount = threadCount }
    progress?(ImportProgress(.converting, 0))
    try ImportError.rethrowing(.writing, file: destination) { () throws(CheckpointError) in
      try CheckpointWriter.write(
        to: destination, metadata: metadata, tensors: tensors, options: writing
      ) { fraction in progress?(ImportProgress(.converting, fraction)) }
    }
    return ImportReport(
      path: destination, metadata: metadata, tensorCount: plan.conversions.count, encodings: plan.encodings,
      exactCount: plan.conversions.count { $0.isExact },
      requantizedCount: plan.conversions.count { !$0.isExact },
      bytesIn: model.weightFiles.reduce(0) { $0 + $1.byteCount },
      bytesOut: try InputFile(path: destination).byteCount, warnings: model.warnings + plan.warnings)
  }

  /// SHA-256 of one file; of several, that of the lines `sha256sum` prints for them in the order of their names.
  static func combinedHash(of files: [InputFile]) throws(ImportError) -> String {
    var lines: [(name: String, hash: String)] = []
    for file in files {
      let hash = try ImportError.rethrowing(.inputOutput, file: file.name) { () throws(CheckpointError) in
        try SHA256Digest.hex(ofFile: file.path)
      }
      lines.append((file.name, hash))
    }
    if lines.count == 1 { return lines[0].hash }
    lines.sort { $0.name < $1.name }
    return SHA256Digest.hex(of: Array(lines.map { "\($0.hash)  \($0.name)\n" }.joined().utf8))
  }

  static func checkCancelled(_ options: ImportOptions) throws(ImportError) {
    guard options.isCancelled() else { return }
    throw ImportError(.cancelled, "the import was cancelled", remedy: "Run it again; nothing was written.")
  }
}
