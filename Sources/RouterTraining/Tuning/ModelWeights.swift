import RouterCheckpoint
import RouterModel
import RouterTensor

/// A model's weights in f32, in the order of a ``ParameterLayout``.
enum ModelWeights {
  /// Decodes the weights of `model` into `block`, f32 `[layout.count]`.
  static func copy(_ model: LlamaModel, layout: ParameterLayout, into block: AlignedBuffer) {
    let target = block.floats
    let team = model.matmul.team
    func put(_ matrix: WeightMatrix, _ offset: Int) {
      TeamLinear(team: team).forEachBlock(of: matrix.rows, 256) { first, count in
        for row in first..<first + count {
          matrix.decodeRow(row, into: target + offset + row * matrix.columns)
        }
      }
    }
    func put(_ vector: AlignedBuffer, _ offset: Int, _ count: Int) {
      (target + offset).update(from: vector.floats, count: count)
    }
    let configuration = layout.configuration
    let keyWidth = configuration.keyValueHeadCount * configuration.headWidth
    put(model.weights.embedding, layout.embedding)
    put(model.weights.finalNorm, layout.finalNorm, configuration.width)
    if !configuration.tiedHead { put(model.weights.head, layout.head) }
    for (layer, slots) in zip(model.weights.layers, layout.layers) {
      put(layer.inputNorm, slots.inputNorm, configuration.width)
      put(layer.query, slots.query)
      put(layer.key, slots.key)
      put(layer.value, slots.value)
      if let biases = layer.biases, let places = slots.biases {
        put(biases.query, places.query, configuration.headCount * configuration.headWidth)
        put(biases.key, places.key, keyWidth)
        put(biases.value, places.value, keyWidth)
      }
      put(layer.output, slots.output)
      put(layer.postAttentionNorm, slots.postAttentionNorm, configuration.width)
      put(layer.gate, slots.gate)
      put(layer.up, slots.up)
      put(layer.down, slots.down)
    }
  }
}
