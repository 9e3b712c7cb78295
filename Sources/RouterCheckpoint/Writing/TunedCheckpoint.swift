package import RouterTensor

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A checkpoint with some of its tensors replaced by tuned ones.
package struct TunedCheckpoint {
  /// One trained tensor, f32.
  package struct Tensor: Sendable {
    package let name: String
    package let shape: [Int]
    package let values: [Float]

    /// A tensor under its name in a checkpoint.
    package init(name: String, shape: [Int], values: [Float]) {
      self.name = name
      self.shape = shape
      self.values = values
    }
  }

  /// Writes the checkpoint `base` with `tensors` in the place of its own.
  ///
  /// Exit adapters stay, tuned or as they were, except where a cut leaves their exit out or makes it full depth; they
  /// belong to the tuned weights from then on. Drafts stay with them, unless the model is cut: they are verified
  /// before use, so old ones cost time at most. Heads of their own that exits had are dropped where `tensors` has none.
  ///
  /// - Parameters:
  ///   - encoding: of tuned matrices; nil for the one that each had.
  ///   - depth: layers to keep; nil for all. A cut model answers after its last layer and the exits before it.
  ///   - tuning: what was done, for the provenance.
  ///   - license: of the adapters; nil for the one that they had.
  /// - Throws: ``CheckpointError``; nothing is written then.
  package static func write(
    to path: String, base: CheckpointReader, tensors: [Tensor], encoding: WeightEncoding? = nil,
    depth: Int? = nil, tuning: String, license: String? = nil, tool: String,
    progress: (@Sendable (Double) -> Void)? = nil
  ) throws(CheckpointError) {
    let loaded = try base.load(throughLayer: depth)
    let adapted = adaptedExits(of: base.metadata, depth: depth)
    let replaced = Set(tensors.map(\.name))
    let kept = loaded.pendingTensors { name in
      guard !replaced.contains(String(TensorName.split(name).base)), !replaced.contains(name) else {
        return false
      }
      guard TensorName.isOfAdapter(name) else { return !TensorName.isOfExit(name) }
      if name == TensorName.drafts { return depth == nil && !adapted.isEmpty }
      return TensorName.layerIndex(of: name).map { adapted.contains($0 + 1) } ?? false
    }
    // An exit's own head is stored as the shared one is.
    let head = loaded[TensorName.head] ?? loaded[TensorName.embedding]
    let tuned = tensors.flatMap { tensor in
      PendingTensor.encoding(
        tensor.name, shape: tensor.shape, values: tensor.values,
        as: encoding ?? stored(as: (loaded[tensor.name] ?? head)?.descriptor.dtype))
    }
    let all = kept + tuned
    let trunk = all.filter { !TensorName.isOfAdapter($0.name) }
    let metadata = try metadata(
      of: base.metadata, quantization: quantization(of: trunk), depth: depth, tuning: tuning, tool: tool)
    func write(
      _ metadata: CheckpointMetadata, _ tensors: [PendingTensor], to path: String,
      _ progress: (@Sendable (Double) -> Void)?
    ) throws(CheckpointError) {
      try CheckpointWriter.write(
        to: path, metadata: metadata, tensors: tensors, options: base.writerOptions, progress: progress)
    }
    guard let record = base.metadata.adapter, !adapted.isEmpty else {
      return try write(metadata, trunk, to: path, progress)
    }
    // Adapters name the checkpoint that they are for by its fingerprint, which only a written one has.
    let bare = AtomicFile.temporaryPath(beside: path)
    defer { unlink(bare) }
    try write(metadata, trunk, to: bare) { progress?($0 / 2) }
    let made = record.retuned(
      exits: adapted, tuned: replaced, base: metadata,
      fingerprint: try CheckpointReader(path: bare).fingerprint, tuning: tuning, license: license,
      keepsDrafts: all.contains { $0.name == TensorName.drafts })
    try write(try metadata.with(made), all, to: path) { progress?(0.5 + $0 / 2) }
  }

  /// What the tuned checkpoint without adapters says about itself.
  private static func metadata(
    of old: CheckpointMetadata, quantization: String, depth: Int?, tuning: String, tool: String
  ) throws(CheckpointError) -> CheckpointMetadata {
    let configuration = try depth.map { layers throws(CheckpointError) in
      try old.configuration.with(layerCount: layers)
    }
    return try CheckpointMetadata(
      name: old.name, configuration: configuration ?? old.configuration,
      exits: depth.map { layers in old.exits.filter { $0 < layers } + [layers] } ?? old.exits,
      tokenizer: old.tokenizer, quantization: quantization,
      provenance: Provenance(
        source: old.provenance.source, sourceSHA256: old.provenance.sourceSHA256, tool: tool, tuning: tuning),
      license: old.license)
  }

  /// Exits that keep an adapter when `depth` layers are kept, ascending.
  package static func adaptedExits(of metadata: CheckpointMetadata, depth: Int?) -> [Int] {
    let exits = metadata.adapter?.exits ?? []
    return depth.map { layers in exits.filter { $0 < layers } } ?? exits
  }

  /// Names the encodings of the matrices, such as `mixed q4/q8`, the smallest first.
  private static func quantization(of tensors: [PendingTensor]) -> String {
    let matrices = tensors.filter { $0.shape.count == 2 && TensorName.split($0.name).suffix == nil }
    return WeightEncoding.summary(of: matrices.map { stored(as: $0.dtype) })
  }

  /// The encoding that a stored element type stands for.
  private static func stored(as dtype: DType?) -> WeightEncoding {
    dtype.flatMap(WeightEncoding.init(storedAs:)) ?? .bf16
  }
}

extension ModelConfiguration {
  /// The same model with another number of layers.
  fileprivate func with(layerCount: Int) throws(CheckpointError) -> ModelConfiguration {
    try ModelConfiguration(
      architecture: architecture, layerCount: layerCount, width: width, headCount: headCount,
      keyValueHeadCount: keyValueHeadCount, headWidth: headWidth, feedForwardWidth: feedForwardWidth,
      vocabularySize: vocabularySize, contextLength: contextLength, normEpsilon: normEpsilon, rotary: rotary,
      tiedHead: tiedHead, attentionBias: attentionBias)
  }
}
