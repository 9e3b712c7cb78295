import RouterCheckpoint
import RouterTensor

// One layer: attention over the caches, then the feed-forward block.
extension ModelRunner {
  /// f32 `[D]` for each row: the residual stream.
  typealias States = UnsafePointer<UnsafeMutablePointer<Float>>

  /// Runs the layer with 0-based index `index`.
  func run(layer index: Int, _ plan: AttentionPlan, _ states: States) {
    let layer = model.weights.layers[index]
    multiplyNormed(
      states, plan.count, layer.inputNorm,
      by: [
        MatrixProduct(layer.query, into: scratch.query), MatrixProduct(layer.key, into: scratch.key),
        MatrixProduct(layer.value, into: scratch.value),
      ], then: layer.output)
    rotateAndStore(layer: index, biases: layer.biases, plan)
    attend(layer: index, plan)
    model.matmul.multiply(
      scratch.attended, rows: plan.count, by: [MatrixProduct(layer.output, addingTo: states)],
      codes: scratch.codes, then: layer.gate)
    feedForward(
      layer, states, plan.count,
      then: index + 1 < model.weights.layers.count ? model.weights.layers[index + 1].query : nil)
  }

  /// Puts the keys and values of rows into the cache of the layer with 0-based index `index`.
  func storeKeysAndValues(layer index: Int, _ plan: AttentionPlan, _ states: States) {
    let layer = model.weights.layers[index]
    multiplyNormed(
      states, plan.count, layer.inputNorm,
      by: [MatrixProduct(layer.key, into: scratch.key), MatrixProduct(layer.value, into: scratch.value)])
    rotateAndStore(layer: index, queries: false, biases: layer.biases, plan)
  }

  /// hidden += W_down (silu(W_gate x) * W_up x), x the normed state.
  private func feedForward(
    _ layer: LlamaWeights.Layer, _ states: States, _ count: Int, then next: WeightMatrix?
  ) {
    let matmul = model.matmul
    let down = [MatrixProduct(layer.down, addingTo: states)]
    guard matmul.takesGated(gate: layer.gate, up: layer.up, down: layer.down) else {
      multiplyNormed(
        states, count, layer.postAttentionNorm,
        by: [MatrixProduct(layer.gate, into: scratch.gate), MatrixProduct(layer.up, into: scratch.up)])
      let inner = model.configuration.feedForwardWidth
      forEachRow(count) { row in
        matmul.kernels.siluMultiply(
          scratch.gate + row * inner, by: scratch.up + row * inner, count: inner)
      }
      return matmul.multiply(scratch.gate, rows: count, by: down, codes: scratch.codes)
    }
    quantizeNormed(states, count, layer.postAttentionNorm)
    matmul.multiplyGated(
      scratch.codes, rows: count, gate: layer.gate, up: layer.up, into: scratch.gatedCodes, then: layer.down)
    matmul.multiply(scratch.gatedCodes, rows: count, by: down, then: next)
  }

  /// RMSNorm(hidden) * weight, multiplied by matrices; between the two only codes where that is enough.
  private func multiplyNormed(
    _ states: States, _ count: Int, _ weight: AlignedBuffer, by products: [MatrixProduct],
    then next: WeightMatrix? = nil
  ) {
    let (matmul, width) = (model.matmul, model.configuration.width)
    let (kernels, epsilon) = (matmul.kernels, model.configuration.normEpsilon)
    if matmul.takesCodesOnly(products) {
      quantizeNormed(states, count, weight)
      matmul.multiply(scratch.codes, rows: count, by: products, then: next)
    } else {
      forEachRow(count) { row in
        kernels.rmsNorm(
          states[row], weight: weight, count: width, epsilon: epsilon, into: scratch.normed + row * width)
      }
      matmul.multiply(scratch.normed, rows: count, by: products, codes: scratch.codes)
    }
  }

  /// The codes of RMSNorm(hidden) * weight.
  private func quantizeNormed(_ states: States, _ count: Int, _ weight: AlignedBuffer) {
    let (kernels, width) = (model.matmul.kernels, model.configuration.width)
    forEachRow(count) { row in
      kernels.rmsNorm(
        states[row], weight: weight, count: width, epsilon: model.configuration.normEpsilon,
        into: scratch.codes, row: row)
    }
  }
}
