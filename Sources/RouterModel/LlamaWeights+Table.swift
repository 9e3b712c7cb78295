import RouterCheckpoint
import RouterTensor

// The weights by the entries of a TensorTable. Arithmetic reads the fields by their names instead.
extension LlamaWeights {
  /// A weight of either form.
  package enum Weight: Sendable {
    case matrix(WeightMatrix)
    /// f32
    case vector(AlignedBuffer)
  }

  /// Makes the first `layerCount` layers of a model and what they share, in the order of the fields; a tied head is
  /// not asked for.
  ///
  /// - Throws: what `matrix` and `vector` throw.
  package init<Failure>(
    _ table: TensorTable, layerCount: Int, adapters: [Int: ExitAdapter] = [:],
    matrix: (TensorTable.Entry) throws(Failure) -> WeightMatrix,
    vector: (TensorTable.Entry) throws(Failure) -> AlignedBuffer
  ) throws(Failure) {
    let embedding = try matrix(table[.embedding])
    self.init(
      embedding: embedding, finalNorm: try vector(table[.finalNorm]),
      head: table.configuration.tiedHead ? embedding : try matrix(table[.head]),
      layers: try (0..<layerCount).map { index throws(Failure) in
        try Layer(index, of: table, matrix: matrix, vector: vector)
      }, adapters: adapters)
  }

  /// A part's weight; nil for a layer or a bias that is not there.
  package subscript(part: TensorPart) -> Weight? {
    switch part {
    case .embedding: .matrix(embedding)
    case .finalNorm: .vector(finalNorm)
    case .head: .matrix(head)
    case .layer(let index, let part): layers.indices.contains(index) ? layers[index][part] : nil
    }
  }
}

extension LlamaWeights.Layer {
  /// Makes the layer with 0-based index `index`, in the order of the fields.
  ///
  /// - Throws: what `matrix` and `vector` throw.
  package init<Failure>(
    _ index: Int, of table: TensorTable,
    matrix makeMatrix: (TensorTable.Entry) throws(Failure) -> WeightMatrix,
    vector makeVector: (TensorTable.Entry) throws(Failure) -> AlignedBuffer
  ) throws(Failure) {
    func matrix(_ part: LayerPart) throws(Failure) -> WeightMatrix {
      try makeMatrix(table[.layer(index, part)])
    }
    func vector(_ part: LayerPart) throws(Failure) -> AlignedBuffer {
      try makeVector(table[.layer(index, part)])
    }
    self.init(
      inputNorm: try vector(.inputNorm), query: try matrix(.queryWeight), key: try matrix(.keyWeight),
      value: try matrix(.valueWeight),
      biases: table.configuration.attentionBias
        ? LlamaWeights.AttentionBiases(
          query: try vector(.queryBias), key: try vector(.keyBias), value: try vector(.valueBias)) : nil,
      output: try matrix(.outputWeight), postAttentionNorm: try vector(.postAttentionNorm),
      gate: try matrix(.gateWeight), up: try matrix(.upWeight), down: try matrix(.downWeight))
  }

  /// The matrices in the order of their use.
  package var matrices: [WeightMatrix] { [query, key, value, output, gate, up, down] }

  /// A part's weight; nil for a bias that is not there.
  package subscript(part: LayerPart) -> LlamaWeights.Weight? {
    switch part {
    case .inputNorm: .vector(inputNorm)
    case .queryWeight: .matrix(query)
    case .queryBias: biases.map { .vector($0.query) }
    case .keyWeight: .matrix(key)
    case .keyBias: biases.map { .vector($0.key) }
    case .valueWeight: .matrix(value)
    case .valueBias: biases.map { .vector($0.value) }
    case .outputWeight: .matrix(output)
    case .postAttentionNorm: .vector(postAttentionNorm)
    case .gateWeight: .matrix(gate)
    case .upWeight: .matrix(up)
    case .downWeight: .matrix(down)
    }
  }
}
