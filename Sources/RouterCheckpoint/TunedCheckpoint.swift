package import RouterTensor

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

  /// Writes the checkpoint `base` with `tensors` in the place of its own; adapters are dropped, since they were
  /// trained on other weights.
  ///
  /// - Parameters:
  ///   - encoding: of tuned matrices; nil for the one that each had.
  ///   - depth: layers to keep; nil for all. A cut model answers after its last layer and the exits before it.
  ///   - tuning: what was done, for the provenance.
  /// - Throws: ``CheckpointError``; nothing is written then.
  package static func write(
    to path: String, base: CheckpointReader, tensors: [Tensor], encoding: WeightEncoding? = nil,
    depth: Int? = nil, tuning: String, tool: String,
    progress: (@Sendable (Double) -> Void)? = nil
  ) throws(CheckpointError) {
    let loaded = try base.load(throughLayer: depth)
    let replaced = Set(tensors.map(\.name))
    let kept = loaded.pendingTensors { name in
      !TensorName.isOfExit(name) && !TensorName.isOfAdapter(name)
        && !replaced.contains(String(TensorName.split(name).base))
        && !replaced.contains(name)
    }
    // An exit's own head is stored as the shared one is.
    let head = loaded[TensorName.head] ?? loaded[TensorName.embedding]
    let tuned = tensors.flatMap { tensor in
      PendingTensor.encoding(
        tensor.name, shape: tensor.shape, values: tensor.values,
        as: encoding ?? stored(as: (loaded[tensor.name] ?? head)?.descriptor.dtype))
    }
    let old = base.metadata
    let configuration = try depth.map { layers throws(CheckpointError) in
      try old.configuration.with(layerCount: layers)
    }
    let metadata = try CheckpointMetadata(
      name: old.name, configuration: configuration ?? old.configuration,
      exits: depth.map { layers in old.exits.filter { $0 < layers } + [layers] } ?? old.exits,
      tokenizer: old.tokenizer, quantization: quantization(of: kept + tuned),
      provenance: Provenance(
        source: old.provenance.source, sourceSHA256: old.provenance.sourceSHA256, tool: tool, tuning: tuning),
      license: old.license)
    try CheckpointWriter.write(
      to: path, metadata: metadata, tensors: kept + tuned, options: base.writerOptions, progress: progress)
  }

  /// Names the encodings of the matrices, such as `mixed q4/q8`, the smallest first.
  private static func quantization(of tensors: [PendingTensor]) -> String {
    let matrices = tensors.filter { $0.shape.count == 2 && TensorName.split($0.name).suffix == nil }
    let present = Set(matrices.map { stored(as: $0.dtype) })
    let names = [WeightEncoding.q4, .q8, .bf16, .f32].filter(present.contains).map(\.rawValue)
    return (names.count > 1 ? "mixed " : "") + names.joined(separator: "/")
  }

  /// The encoding that a stored element type stands for.
  private static func stored(as dtype: DType?) -> WeightEncoding {
    switch dtype {
    case .i8: .q8
    case .u8: .q4
    case .f32: .f32
    default: .bf16
    }
  }
}

extension ModelConfiguration {
  /// The same model with another number of layers.
  fileprivate func with(layerCount: Int) throws(CheckpointError) -> ModelConfiguration {
    try ModelConfiguration(
      family: family, layerCount: layerCount, width: width, headCount: headCount,
      keyValueHeadCount: keyValueHeadCount, headWidth: headWidth, feedForwardWidth: feedForwardWidth,
      vocabularySize: vocabularySize, contextLength: contextLength, normEpsilon: normEpsilon, rotary: rotary,
      tiedHead: tiedHead, attentionBias: attentionBias)
  }
}
