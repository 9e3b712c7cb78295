import RouterCheckpoint
import RouterTensor

// One layer: attention over the cache, then the feed-forward block.
extension InferenceSession {
  /// Runs the layer with 0-based index `index` on the active tokens.
  func run(layer index: Int) {
    let layer = model.weights.layers[index]
    multiplyNormed(
      layer.inputNorm,
      by: [
        MatrixProduct(layer.query, into: scratch.query), MatrixProduct(layer.key, into: scratch.key),
        MatrixProduct(layer.value, into: scratch.value),
      ], then: layer.output)
    rotateAndStore(biases: layer.biases, in: caches[index])
    attend(in: caches[index])
    model.matmul.multiply(
      scratch.attended, rows: active.count, by: [MatrixProduct(layer.output, addingTo: activeStates)],
      codes: scratch.codes, then: layer.gate)
    feedForward(
      layer, then: index + 1 < model.weights.layers.count ? model.weights.layers[index + 1].query : nil)
  }

  /// Puts the keys and values of the active tokens into the cache of the layer with 0-based index `index`.
  func storeKeysAndValues(layer index: Int) {
    let layer = model.weights.layers[index]
    multiplyNormed(
      layer.inputNorm,
      by: [MatrixProduct(layer.key, into: scratch.key), MatrixProduct(layer.value, into: scratch.value)])
    rotateAndStore(queries: false, biases: layer.biases, in: caches[index])
  }

  /// hidden += W_down (silu(W_gate x) * W_up x), x the normed state.
  private func feedForward(_ layer: LlamaWeights.Layer, then next: WeightMatrix?) {
    let matmul = model.matmul
    let down = [MatrixProduct(layer.down, addingTo: activeStates)]
    guard matmul.takesGated(gate: layer.gate, up: layer.up, down: layer.down) else {
      multiplyNormed(
        layer.postAttentionNorm,
        by: [MatrixProduct(layer.gate, into: scratch.gate), MatrixProduct(layer.up, into: scratch.up)])
      let inner = model.configuration.feedForwardWidth
      forEachRow { row in
        matmul.kernels.siluMultiply(
          scratch.gate + row * inner, by: scratch.up + row * inner, count: inner)
      }
      return matmul.multiply(scratch.gate, rows: active.count, by: down, codes: scratch.codes)
    }
    quantizeNormed(layer.postAttentionNorm)
    matmul.multiplyGated(
      scratch.codes, rows: active.count, gate: layer.gate, up: layer.up, into: scratch.gatedCodes,
      then: layer.down)
    matmul.multiply(scratch.gatedCodes, rows: active.count, by: down, then: next)
  }

  /// f32 `[active, D]`: the residual stream of the active rows.
  private var activeStates: UnsafeMutablePointer<Float> {
    scratch.hidden + active.lowerBound * model.configuration.width
  }

  /// RMSNorm(hidden) * weight, multiplied by matrices; between the two only codes where that is enough.
  private func multiplyNormed(
    _ weight: AlignedBuffer, by products: [MatrixProduct], then next: WeightMatrix? = nil
  ) {
    let (matmul, width) = (model.matmul, model.configuration.width)
    let (kernels, epsilon) = (matmul.kernels, model.configuration.normEpsilon)
    if matmul.takesCodesOnly(products) {
      quantizeNormed(weight)
      matmul.multiply(scratch.codes, rows: active.count, by: products, then: next)
    } else {
      forEachRow { row in
        kernels.rmsNorm(
          activeStates + row * width, weight: weight, count: width, epsilon: epsilon,
          into: scratch.normed + row * width)
      }
      matmul.multiply(scratch.normed, rows: active.count, by: products, codes: scratch.codes)
    }
  }

  /// The codes of RMSNorm(hidden) * weight.
  private func quantizeNormed(_ weight: AlignedBuffer) {
    let (kernels, width) = (model.matmul.kernels, model.configuration.width)
    forEachRow { row in
      kernels.rmsNorm(
        activeStates, rows: row..<row + 1, weight: weight, count: width,
        epsilon: model.configuration.normEpsilon, into: scratch.codes)
    }
  }

  /// Runs `body` for each active row, numbered from 0, over the team when there are many.
  private func forEachRow(_ body: (Int) -> Void) {
    let count = active.count
    if count < 4 {
      for row in 0..<count { body(row) }
    } else {
      let team = model.matmul.team
      let chunks = min(count, team.threadCount * 8)
      team.run(chunks: chunks) { chunk in
        for row in count * chunk / chunks..<count * (chunk + 1) / chunks { body(row) }
      }
    }
  }
}
