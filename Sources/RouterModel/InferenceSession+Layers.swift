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
      ])
    rotateAndStore(biases: layer.biases, in: caches[index])
    attend(in: caches[index])
    model.multiplier.multiply(
      scratch.attended, rows: active.count, by: [MatrixProduct(layer.output, into: scratch.delta)],
      codes: scratch.codes)
    multiplyNormed(
      layer.postAttentionNorm, addingDelta: true,
      by: [MatrixProduct(layer.gate, into: scratch.gate), MatrixProduct(layer.up, into: scratch.up)])
    multiplyGated(by: [MatrixProduct(layer.down, into: scratch.delta)])
    forEachRow(addDelta)
  }

  /// f32 `[active, D]`: the residual stream of the active rows.
  private var activeStates: UnsafeMutablePointer<Float> {
    scratch.hidden + active.lowerBound * model.configuration.width
  }

  /// hidden += delta for one active row.
  private func addDelta(_ row: Int) {
    let width = model.configuration.width
    model.multiplier.kernels.add(
      scratch.delta + row * width, to: activeStates + row * width, count: width)
  }

  /// RMSNorm(hidden) * weight, multiplied by matrices; between the two only codes where that is enough.
  ///
  /// - Parameter addingDelta: whether hidden += delta comes first.
  private func multiplyNormed(
    _ weight: AlignedBuffer, addingDelta: Bool = false, by products: [MatrixProduct]
  ) {
    let (multiplier, width) = (model.multiplier, model.configuration.width)
    let (kernels, epsilon) = (multiplier.kernels, model.configuration.normEpsilon)
    if multiplier.takesCodesOnly(products) {
      forEachRow { row in
        if addingDelta { addDelta(row) }
        kernels.rmsNorm(
          activeStates, rows: row..<row + 1, weight: weight, count: width, epsilon: epsilon,
          into: scratch.codes)
      }
      multiplier.multiply(scratch.codes, rows: active.count, by: products)
    } else {
      forEachRow { row in
        if addingDelta { addDelta(row) }
        kernels.rmsNorm(
          activeStates + row * width, weight: weight, count: width, epsilon: epsilon,
          into: scratch.normed + row * width)
      }
      multiplier.multiply(scratch.normed, rows: active.count, by: products, codes: scratch.codes)
    }
  }

  /// silu(gate) * up, multiplied by matrices; between the two only codes where that is enough.
  private func multiplyGated(by products: [MatrixProduct]) {
    let (multiplier, inner) = (model.multiplier, model.configuration.feedForwardWidth)
    let kernels = multiplier.kernels
    if multiplier.takesCodesOnly(products) {
      forEachRow { row in
        kernels.siluMultiply(
          scratch.gate, by: scratch.up, rows: row..<row + 1, count: inner, into: scratch.codes)
      }
      multiplier.multiply(scratch.codes, rows: active.count, by: products)
    } else {
      forEachRow { row in
        kernels.siluMultiply(scratch.gate + row * inner, by: scratch.up + row * inner, count: inner)
      }
      multiplier.multiply(scratch.gate, rows: active.count, by: products, codes: scratch.codes)
    }
  }

  /// Runs `body` for each active row, numbered from 0, over the team when there are many.
  private func forEachRow(_ body: (Int) -> Void) {
    let count = active.count
    if count < 4 {
      for row in 0..<count { body(row) }
    } else {
      let team = model.multiplier.team
      let chunks = min(count, team.threadCount * 8)
      team.run(chunks: chunks) { chunk in
        for row in count * chunk / chunks..<count * (chunk + 1) / chunks { body(row) }
      }
    }
  }
}
