/// Joins exit adapters to a checkpoint, and takes them out.
package enum AdapterMerge {
  /// Writes the model at `model` with the adapters of `file`, which replace any that it has, to `path`.
  ///
  /// The model is in memory as a whole meanwhile.
  ///
  /// - Throws: ``CheckpointError`` if a file is damaged or the adapters are for other weights; nothing is
  ///   written then.
  package static func merge(
    _ file: AdapterFile, into model: String, to path: String, progress: (@Sendable (Double) -> Void)? = nil
  ) throws(CheckpointError) {
    let reader = try CheckpointReader(path: model)
    let added = try file.tensors(for: reader.metadata, fingerprint: reader.fingerprint)
    let metadata = try reader.metadata.with(file.record)
    let kept = try reader.load().pendingTensors { !TensorName.isOfAdapter($0) }
    try CheckpointWriter.write(
      to: path, metadata: metadata, tensors: kept + added, options: reader.writerOptions, progress: progress)
  }

  /// Writes the adapters of the model at `model` to `path`.
  ///
  /// - Throws: ``CheckpointError`` `invalidRequest` if it has none.
  package static func extract(from model: String, to path: String, tool: String) throws(CheckpointError) {
    let reader = try CheckpointReader(path: model)
    guard let record = reader.metadata.adapter else { throw noAdapter(reader) }
    let tensors = try reader.load().pendingTensors { TensorName.isOfAdapter($0) }
    try AdapterFile.write(to: path, record: record, pending: tensors, base: reader.metadata, tool: tool)
  }

  /// Writes the model at `model` without its adapters to `path`.
  ///
  /// - Throws: ``CheckpointError`` `invalidRequest` if it has none.
  package static func remove(
    from model: String, to path: String, progress: (@Sendable (Double) -> Void)? = nil
  ) throws(CheckpointError) {
    let reader = try CheckpointReader(path: model)
    guard reader.metadata.adapter != nil else { throw noAdapter(reader) }
    let kept = try reader.load().pendingTensors { !TensorName.isOfAdapter($0) }
    try CheckpointWriter.write(
      to: path, metadata: try reader.metadata.with(nil), tensors: kept, options: reader.writerOptions,
      progress: progress)
  }

  private static func noAdapter(_ reader: CheckpointReader) -> CheckpointError {
    CheckpointError(
      .invalidRequest, "the model \(reader.metadata.name) has no exit adapters", at: .init(file: reader.path),
      remedy: "Make some with `router tune`.")
  }
}

extension CheckpointReader {
  /// Options that store tensors as this file does.
  var writerOptions: CheckpointWriter.Options {
    CheckpointWriter.Options(planar: storedTensors.count > tensors.count)
  }
}
