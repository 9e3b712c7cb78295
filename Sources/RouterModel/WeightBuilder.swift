import RouterCheckpoint
import RouterTensor

/// Turns the tensors of one section of a checkpoint into weights, checking each against the configuration.
struct WeightBuilder {
  let configuration: ModelConfiguration
  let tensors: LoadedTensors

  /// What all layers share.
  struct Shared {
    let embedding: WeightMatrix
    let finalNorm: AlignedBuffer
    let head: WeightMatrix
  }

  /// Embedding, norm and head.
  ///
  /// - Throws: `CheckpointError` for a missing or mis-shaped tensor, ``ModelError`` `unsupportedWeights`.
  func shared() throws -> Shared {
    let (vocabulary, width) = (configuration.vocabularySize, configuration.width)
    let embedding = try matrix(TensorName.embedding, rows: vocabulary, columns: width)
    return Shared(
      embedding: embedding, finalNorm: try vector(TensorName.finalNorm, count: width),
      head: configuration.tiedHead
        ? embedding : try matrix(TensorName.head, rows: vocabulary, columns: width))
  }

  /// The adapter of the exit after `exit` layers; nil if `record` has none there.
  ///
  /// - Throws: as ``shared()``.
  func adapter(_ record: AdapterRecord?, exit: Int) throws -> ExitAdapter? {
    guard let record, record.exits.contains(exit) else { return nil }
    func part(_ name: String, _ rows: Int, _ columns: Int) throws -> WeightMatrix {
      try matrix(TensorName.adapter(exit: exit, name), rows: rows, columns: columns)
    }
    let width = configuration.width
    switch record.kind {
    case .linear:
      return .linear(
        weight: try part("linear.weight", width, width),
        bias: try vector(TensorName.adapter(exit: exit, "linear.bias"), count: width))
    case .gated(let inner):
      return .gated(
        gate: try part("gate.weight", inner, width), up: try part("up.weight", inner, width),
        down: try part("down.weight", width, inner))
    }
  }

  /// The head of its own that the exit after `exit` layers has; nil if it uses the shared one.
  ///
  /// - Throws: as ``shared()``.
  func exitHead(_ exit: Int) throws -> WeightMatrix? {
    let name = TensorName.exitHead(exit)
    guard tensors[name] != nil else { return nil }
    return try matrix(name, rows: configuration.vocabularySize, columns: configuration.width)
  }

  /// The layer with 0-based index `index`.
  ///
  /// - Throws: as ``shared()``.
  func layer(_ index: Int) throws -> LlamaWeights.Layer {
    let width = configuration.width
    let queryWidth = configuration.headCount * configuration.headWidth
    let keyWidth = configuration.keyValueHeadCount * configuration.headWidth
    func part(_ part: TensorName.LayerPart, _ rows: Int, _ columns: Int) throws -> WeightMatrix {
      try matrix(TensorName.layer(index, part), rows: rows, columns: columns)
    }
    func part(_ part: TensorName.LayerPart, _ count: Int) throws -> AlignedBuffer {
      try vector(TensorName.layer(index, part), count: count)
    }
    let biases =
      configuration.attentionBias
      ? LlamaWeights.AttentionBiases(
        query: try part(.queryBias, queryWidth), key: try part(.keyBias, keyWidth),
        value: try part(.valueBias, keyWidth)) : nil
    return LlamaWeights.Layer(
      inputNorm: try part(.inputNorm, width),
      query: try part(.queryWeight, queryWidth, width),
      key: try part(.keyWeight, keyWidth, width),
      value: try part(.valueWeight, keyWidth, width),
      biases: biases,
      output: try part(.outputWeight, width, queryWidth),
      postAttentionNorm: try part(.postAttentionNorm, width),
      gate: try part(.gateWeight, configuration.feedForwardWidth, width),
      up: try part(.upWeight, configuration.feedForwardWidth, width),
      down: try part(.downWeight, width, configuration.feedForwardWidth))
  }

  private func vector(_ name: String, count: Int) throws -> AlignedBuffer {
    try tensors.tensor(name, dtype: .f32, shape: [count]).buffer
  }

  /// The matrix `name`, in whichever encoding its element type says.
  private func matrix(_ name: String, rows: Int, columns: Int) throws -> WeightMatrix {
    let groups = columns / GroupQuantization.groupSize
    func companion(_ suffix: TensorName.Suffix) throws -> AlignedBuffer {
      try tensors.tensor(
        TensorName.companion(suffix, of: name), dtype: .f16, shape: [rows, groups]
      ).buffer
    }
    // With the element type known, `tensor` checks the shape; a missing tensor is reported as f32.
    let dtype = tensors[name]?.descriptor.dtype ?? .f32
    switch dtype {
    case .f32:
      let buffer = try tensors.tensor(name, dtype: .f32, shape: [rows, columns]).buffer
      return WeightMatrix(f32: buffer, rows: rows, columns: columns)
    case .bf16:
      let buffer = try tensors.tensor(name, dtype: .bf16, shape: [rows, columns]).buffer
      return WeightMatrix(bf16: buffer, rows: rows, columns: columns)
    case .i8 where columns % GroupQuantization.groupSize == 0:
      let codes = try tensors.tensor(name, dtype: .i8, shape: [rows, columns]).buffer
      return WeightMatrix(
        q8: codes, scales: try companion(.scale), rows: rows, columns: columns)
    case .u8 where columns % GroupQuantization.groupSize == 0:
      let codes = try tensors.tensor(name, dtype: .u8, shape: [rows, columns / 2]).buffer
      return WeightMatrix(
        q4: codes, scales: try companion(.scale), mins: try companion(.min), rows: rows, columns: columns)
    default:
      throw ModelError(
        .unsupportedWeights, "a matrix [\(rows), \(columns)] is stored as \(dtype.rawValue)",
        at: "\(tensors.path), tensor \(name)", remedy: "Import the model again with this version of router.")
    }
  }
}
