package import RouterTensor

/// An adapter file: the container of a checkpoint with nothing but exit adapters in it.
package struct AdapterFile: Sendable {
  /// One f32 tensor of an adapter, before it is encoded.
  package struct Tensor: Sendable {
    package let name: String
    package let shape: [Int]
    package let values: [Float]

    /// A tensor under its name in a checkpoint, such as `exits.24.adapter.linear.weight`.
    package init(name: String, shape: [Int], values: [Float]) {
      self.name = name
      self.shape = shape
      self.values = values
    }
  }

  /// Path, as it was given.
  package let path: String
  /// What the file says about itself; its tokenizer is empty.
  package let metadata: CheckpointMetadata
  /// The adapters, and what they were trained on.
  package let record: AdapterRecord
  /// The adapters' tensors as they are stored.
  package let tensors: LoadedTensors

  /// Reads and checks a whole adapter file.
  ///
  /// - Throws: ``CheckpointError`` if the file is damaged, is a model, or lacks a tensor.
  package init(path: String) throws(CheckpointError) {
    let reader = try CheckpointReader(path: path, contents: .adapter)
    guard let record = reader.metadata.adapter else {
      throw CheckpointError(
        .invalidMetadata, "an adapter file describes no adapter", at: .init(file: path),
        remedy: "Make the adapter again with `router tune`.")
    }
    let loaded = try reader.load()
    try record.check(loaded, width: reader.metadata.configuration.width)
    self.path = path
    self.record = record
    metadata = reader.metadata
    tensors = loaded
  }

  /// The tensors to write into a checkpoint of `metadata`, whose fingerprint is `fingerprint` if it has one yet.
  ///
  /// - Throws: ``CheckpointError`` `invalidRequest` if the adapters are for other weights.
  package func tensors(
    for metadata: CheckpointMetadata, fingerprint: String?
  ) throws(CheckpointError) -> [PendingTensor] {
    try check(against: metadata, fingerprint: fingerprint)
    return pending
  }

  /// Checks that the adapters are for the weights of a checkpoint of `metadata`, whose fingerprint is `fingerprint` if
  /// it has one yet.
  ///
  /// - Throws: ``CheckpointError`` `invalidRequest` if they are for others.
  package func check(against metadata: CheckpointMetadata, fingerprint: String?) throws(CheckpointError) {
    let isSameShape =
      metadata.configuration == self.metadata.configuration
      && record.exits.allSatisfy { metadata.exits.contains($0) }
    guard isSameShape, record.fits(metadata, fingerprint: fingerprint) else {
      throw CheckpointError(
        .invalidRequest,
        "the adapters are for other weights: \(self.metadata.name) (\(self.metadata.quantization), from "
          + "\(self.metadata.provenance.source)), not this \(metadata.name) (\(metadata.quantization))",
        at: .init(file: path), remedy: "Use the adapters of this model, or make some with `router tune`.")
    }
  }

  private var pending: [PendingTensor] { tensors.pendingTensors { TensorName.isOfAdapter($0) } }

  /// Writes these adapters with another draft table to `path`: complete, or not at all.
  ///
  /// - Parameters:
  ///   - drafts: `2^k` slots, whose meaning is the reader's.
  ///   - origin: what the drafts were learnt from.
  /// - Throws: ``CheckpointError``.
  package func write(
    to path: String, drafts: [UInt32], from origin: String, tool: String
  ) throws(CheckpointError) {
    let table = PendingTensor(name: TensorName.drafts, dtype: .i32, shape: [drafts.count]) { bytes in
      drafts.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
    let kept = pending.filter { $0.name != TensorName.drafts }
    try Self.write(
      to: path, record: record.noting(.drafts, origin), pending: kept + [table], base: metadata, tool: tool)
  }

  /// Writes adapters with another narrow head to `path`: complete, or not at all.
  ///
  /// - Parameters:
  ///   - tensors: of the narrow head.
  ///   - origin: what it was learnt from.
  ///   - adapters: nil for those that `base` has, or for none.
  ///   - base: the model that the head belongs to.
  /// - Throws: ``CheckpointError`` `invalidRequest` if the adapters are for other weights.
  package static func write(
    to path: String, narrowHead tensors: [PendingTensor], from origin: String, beside adapters: AdapterFile?,
    of base: CheckpointReader, tool: String
  ) throws(CheckpointError) {
    try adapters?.check(against: base.metadata, fingerprint: base.fingerprint)
    var kept: [PendingTensor] = []
    if let adapters {
      kept = adapters.pending
    } else if base.metadata.adapter != nil {
      kept = try base.load().pendingTensors { TensorName.isOfAdapter($0) }
    }
    let record =
      adapters?.record ?? base.metadata.adapter
      ?? AdapterRecord(
        kind: .linear, exits: [], base: base.metadata, fingerprint: base.fingerprint, tuning: "no adapters",
        license: base.metadata.license)
    try write(
      to: path, record: record.noting(.narrowHead, origin),
      pending: kept.filter { !TensorName.isOfNarrowHead($0.name) } + tensors, base: base.metadata, tool: tool)
  }

  /// Writes the adapters `tensors`, trained on the checkpoint `base`, to `path`: complete, or not at all.
  ///
  /// - Parameter encoding: of the matrices; bf16 where their width does not allow it.
  /// - Throws: ``CheckpointError``.
  package static func write(
    to path: String, record: AdapterRecord, tensors: [Tensor], base: CheckpointMetadata, tool: String,
    encoding: WeightEncoding
  ) throws(CheckpointError) {
    let pending = tensors.flatMap {
      PendingTensor.encoding($0.name, shape: $0.shape, values: $0.values, as: encoding)
    }
    try write(to: path, record: record, pending: pending, base: base, tool: tool)
  }

  static func write(
    to path: String, record: AdapterRecord, pending: [PendingTensor], base: CheckpointMetadata, tool: String
  ) throws(CheckpointError) {
    let metadata = try CheckpointMetadata(
      name: base.name, configuration: base.configuration, exits: base.exits, tokenizer: "{}",
      quantization: base.quantization,
      provenance: Provenance(
        source: base.provenance.source, sourceSHA256: base.provenance.sourceSHA256, tool: tool,
        tuning: record.tuning),
      license: record.license, adapter: record, contents: .adapter)
    try CheckpointWriter.write(to: path, metadata: metadata, tensors: pending)
  }
}

extension AdapterRecord {
  /// Checks that `tensors` hold every part of every adapter, in an encoding whose first dimension is right.
  ///
  /// The rest of a shape depends on the encoding, and is checked where weights are built.
  func check(_ tensors: LoadedTensors, width: Int) throws(CheckpointError) {
    for exit in exits {
      for part in kind.parts(width: width) {
        let name = TensorName.adapter(exit: exit, part.name)
        guard let found = tensors[name]?.descriptor else {
          throw CheckpointError(
            .missingTensor, "an exit adapter lacks a tensor", at: .init(file: tensors.path, tensor: name),
            remedy: "Make the adapter again with `router tune`.")
        }
        guard found.shape.count == part.shape.count, found.shape[0] == part.shape[0] else {
          throw CheckpointError(
            .tensorMismatch, "an exit adapter's tensor is \(found.shape) where \(part.shape) is needed",
            at: .init(file: tensors.path, tensor: name), remedy: "Make the adapter again with `router tune`.")
        }
      }
    }
  }
}

extension LoadedTensors {
  /// Those tensors whose names are wanted, to be written as they are.
  func pendingTensors(where isWanted: (String) -> Bool) -> [PendingTensor] {
    names.filter(isWanted).compactMap { self[$0] }.map { tensor in
      PendingTensor(
        name: tensor.descriptor.name, dtype: tensor.descriptor.dtype, shape: tensor.descriptor.shape
      ) { $0.copyMemory(from: UnsafeRawBufferPointer(tensor.buffer.bytes)) }
    }
  }
}
