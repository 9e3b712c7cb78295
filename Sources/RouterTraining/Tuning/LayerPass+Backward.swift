import RouterCheckpoint
import RouterTensor

extension LayerPass {
  /// Turns the gradient of y `[T, D]` in `dStream` into that of x, and adds the gradients of the weights.
  ///
  /// - Parameters:
  ///   - kept: what ``forward(_:input:_:weights:layer:into:)`` left; `gate` and `up` are overwritten.
  ///   - target: what the gradients of the weights are added to.
  func backward(
    _ batch: PackedBatch, input: UnsafePointer<Float>, _ kept: LayerActivations,
    weights: UnsafePointer<Float>, layer: ParameterLayout.Layer, dStream: UnsafeMutablePointer<Float>,
    target: LayerGradients
  ) {
    backwardFeedForward(batch, input: input, kept, weights: weights, layer: layer, dStream, target)
    backwardAttention(batch, input: input, kept, weights: weights, layer: layer, dStream, target)
  }

  private func backwardFeedForward(
    _ batch: PackedBatch, input: UnsafePointer<Float>, _ kept: LayerActivations,
    weights: UnsafePointer<Float>, layer: ParameterLayout.Layer, _ dStream: UnsafeMutablePointer<Float>,
    _ target: LayerGradients
  ) {
    let rows = batch.rowCount
    let (dProduct, dNormed) = (gradients.product.floats, gradients.normed.floats)
    multiplyGate(kept, rows: rows)
    target.add(.downWeight, dStream, rows: rows, product.floats)
    linear.inputGradient(dStream, rows: rows, layer[.downWeight], in: weights, into: dProduct)
    linear.forEachBlock(of: rows, 32) { first, count in
      GatedUnit.backward(
        dProduct: dProduct + first * inner, gate: kept.gate + first * inner, up: kept.up + first * inner,
        count: count * inner)
    }
    normalise(kept.middle, weights + layer[.postAttentionNorm].offset, rows: rows)
    target.add(.gateWeight, kept.gate, rows: rows, normed.floats)
    target.add(.upWeight, kept.up, rows: rows, normed.floats)
    linear.inputGradient(kept.gate, rows: rows, layer[.gateWeight], in: weights, into: dNormed)
    linear.inputGradient(kept.up, rows: rows, layer[.upWeight], in: weights, into: dNormed, adding: true)
    normGradient(
      dNormed, x: kept.middle, weight: weights + layer[.postAttentionNorm].offset, rows: rows, dStream,
      target.vector(.postAttentionNorm))
  }

  private func backwardAttention(
    _ batch: PackedBatch, input: UnsafePointer<Float>, _ kept: LayerActivations,
    weights: UnsafePointer<Float>, layer: ParameterLayout.Layer, _ dStream: UnsafeMutablePointer<Float>,
    _ target: LayerGradients
  ) {
    let rows = batch.rowCount
    let (dAttended, dNormed) = (gradients.attended.floats, gradients.normed.floats)
    let (dQuery, dKey, dValue) = (gradients.query.floats, gradients.key.floats, gradients.value.floats)
    target.add(.outputWeight, dStream, rows: rows, kept.attended)
    linear.inputGradient(dStream, rows: rows, layer[.outputWeight], in: weights, into: dAttended)
    forEachHead(batch) { group, rows, room in
      let (q, k) = (rows.lowerBound * queryWidth, rows.lowerBound * keyWidth)
      attention.backward(
        group: group, rows: rows.count, query: kept.query + q, key: kept.key + k, value: kept.value + k,
        dOutput: dAttended + q, room: room, dQuery: dQuery + q, dKey: dKey + k, dValue: dValue + k)
    }
    forEachRow(batch) { row, position in
      rotary.backward(dQuery + row * queryWidth, heads: configuration.headCount, position: position)
      rotary.backward(dKey + row * keyWidth, heads: configuration.keyValueHeadCount, position: position)
    }
    if let dBiases = target.biases {
      for row in 0..<rows {
        Vectors.add(dQuery + row * queryWidth, to: dBiases.query, queryWidth)
        Vectors.add(dKey + row * keyWidth, to: dBiases.key, keyWidth)
        Vectors.add(dValue + row * keyWidth, to: dBiases.value, keyWidth)
      }
    }
    normalise(input, weights + layer[.inputNorm].offset, rows: rows)
    let parts = [(dQuery, LayerPart.queryWeight), (dKey, .keyWeight), (dValue, .valueWeight)]
    for (index, (gradient, part)) in parts.enumerated() {
      target.add(part, gradient, rows: rows, normed.floats)
      linear.inputGradient(
        gradient, rows: rows, layer[part], in: weights, into: dNormed, adding: index > 0)
    }
    normGradient(
      dNormed, x: input, weight: weights + layer[.inputNorm].offset, rows: rows, dStream,
      target.vector(.inputNorm))
  }

  /// Adds the gradient through a norm to the residual stream's, and that of the norm's weight where it is trained.
  private func normGradient(
    _ dNormed: UnsafePointer<Float>, x: UnsafePointer<Float>, weight: UnsafePointer<Float>, rows: Int,
    _ dStream: UnsafeMutablePointer<Float>, _ dWeight: UnsafeMutablePointer<Float>?
  ) {
    linear.forEachBlock(of: rows, 32) { first, count in
      for row in first..<first + count {
        NormMath.inputGradient(
          dNormed + row * width, x: x + row * width, weight: weight, count: width, r: roots.floats[row],
          into: dStream + row * width, adding: true)
      }
    }
    guard let dWeight else { return }
    for row in 0..<rows {
      NormMath.weightGradient(
        dNormed + row * width, x: x + row * width, count: width, r: roots.floats[row], into: dWeight)
    }
  }
}
