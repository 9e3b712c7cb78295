import RouterCheckpoint
import RouterTensor

// One layer: attention over the cache, then the feed-forward block.
extension InferenceSession {
  /// Runs the layer with 0-based index `index` on the tokens in flight.
  func run(layer index: Int) {
    let configuration = model.configuration
    let layer = model.weights.layers[index]
    let (width, rows) = (configuration.width, rowCount)
    let multiplier = model.multiplier
    let kernels = multiplier.kernels

    normalise(layer.inputNorm)
    multiplier.multiply(
      scratch.normed, rows: rows,
      by: [
        MatrixProduct(layer.query, into: scratch.query), MatrixProduct(layer.key, into: scratch.key),
        MatrixProduct(layer.value, into: scratch.value),
      ], codes: scratch.codes)
    let queryWidth = configuration.headCount * configuration.headWidth
    forEachRow { row in
      if let biases = layer.biases {
        kernels.add(biases.query, to: scratch.query + row * queryWidth, count: queryWidth)
      }
      rotate(scratch.query + row * queryWidth, heads: configuration.headCount, position: position + row)
      store(
        key: scratch.key, value: scratch.value, row: row, biases: layer.biases, position: position + row,
        in: caches[index])
    }
    attend(in: caches[index])
    multiplier.multiply(
      scratch.attended, rows: rows, by: [MatrixProduct(layer.output, into: scratch.delta)],
      codes: scratch.codes)
    forEachRow { row in
      kernels.add(scratch.delta + row * width, to: scratch.hidden + row * width, count: width)
    }

    normalise(layer.postAttentionNorm)
    multiplier.multiply(
      scratch.normed, rows: rows,
      by: [MatrixProduct(layer.gate, into: scratch.gate), MatrixProduct(layer.up, into: scratch.up)],
      codes: scratch.codes)
    let inner = configuration.feedForwardWidth
    forEachRow { row in
      kernels.siluMultiply(scratch.gate + row * inner, by: scratch.up + row * inner, count: inner)
    }
    multiplier.multiply(
      scratch.gate, rows: rows, by: [MatrixProduct(layer.down, into: scratch.delta)], codes: scratch.codes)
    forEachRow { row in
      kernels.add(scratch.delta + row * width, to: scratch.hidden + row * width, count: width)
    }
  }

  /// normed = RMSNorm(hidden) * weight, row by row.
  private func normalise(_ weight: AlignedBuffer) {
    let (kernels, width) = (model.multiplier.kernels, model.configuration.width)
    let epsilon = model.configuration.normEpsilon
    forEachRow { row in
      kernels.rmsNorm(
        scratch.hidden + row * width, weight: weight, count: width, epsilon: epsilon,
        into: scratch.normed + row * width)
    }
  }

  /// Runs `body` for each row in flight, over the team when there are many.
  private func forEachRow(_ body: (Int) -> Void) {
    if rowCount < 4 {
      for row in 0..<rowCount { body(row) }
    } else {
      model.multiplier.team.run(chunks: rowCount, body)
    }
  }
}
