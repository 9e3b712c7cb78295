import RouterCheckpoint
import RouterTensor

extension LayerPass {
  /// Turns the gradient of y `[T, D]` in `dStream` into that of x, and adds the gradients of the weights.
  ///
  /// - Parameters:
  ///   - kept: what ``forward(_:input:_:weights:slots:into:)`` left; `gate` and `up` are overwritten.
  ///   - target: what the gradients of the weights are added to.
  func backward(
    _ batch: PackedBatch, input: UnsafePointer<Float>, _ kept: LayerActivations,
    weights: UnsafePointer<Float>,
    slots: ParameterLayout.Layer, dStream: UnsafeMutablePointer<Float>, target: LayerGradients
  ) {
    backwardFeedForward(batch, input: input, kept, weights: weights, slots: slots, dStream, target)
    backwardAttention(batch, input: input, kept, weights: weights, slots: slots, dStream, target)
  }

  private func backwardFeedForward(
    _ batch: PackedBatch, input: UnsafePointer<Float>, _ kept: LayerActivations,
    weights: UnsafePointer<Float>,
    slots: ParameterLayout.Layer, _ dStream: UnsafeMutablePointer<Float>, _ target: LayerGradients
  ) {
    let rows = batch.rowCount
    let (dProduct, dNormed) = (gradients.product.floats, gradients.normed.floats)
    multiplyGate(kept, rows: rows)
    target.add(\.down, dStream, rows: rows, outputs: width, product.floats, inputs: inner)
    linear.inputGradient(
      dStream, rows: rows, outputs: width, weights + slots.down, inputs: inner, into: dProduct)
    linear.forEachBlock(of: rows, 32) { first, count in
      GatedUnit.backward(
        dProduct: dProduct + first * inner, gate: kept.gate + first * inner, up: kept.up + first * inner,
        count: count * inner)
    }
    normalise(kept.middle, weights + slots.postAttentionNorm, rows: rows)
    target.add(\.gate, kept.gate, rows: rows, outputs: inner, normed.floats, inputs: width)
    target.add(\.up, kept.up, rows: rows, outputs: inner, normed.floats, inputs: width)
    linear.inputGradient(
      kept.gate, rows: rows, outputs: inner, weights + slots.gate, inputs: width, into: dNormed)
    linear.inputGradient(
      kept.up, rows: rows, outputs: inner, weights + slots.up, inputs: width, into: dNormed, adding: true)
    normGradient(
      dNormed, x: kept.middle, weight: weights + slots.postAttentionNorm, rows: rows, dStream,
      target.vector(\.postAttentionNorm))
  }

  private func backwardAttention(
    _ batch: PackedBatch, input: UnsafePointer<Float>, _ kept: LayerActivations,
    weights: UnsafePointer<Float>,
    slots: ParameterLayout.Layer, _ dStream: UnsafeMutablePointer<Float>, _ target: LayerGradients
  ) {
    let rows = batch.rowCount
    let (dAttended, dNormed) = (gradients.attended.floats, gradients.normed.floats)
    let (dQuery, dKey, dValue) = (gradients.query.floats, gradients.key.floats, gradients.value.floats)
    target.add(\.output, dStream, rows: rows, outputs: width, kept.attended, inputs: queryWidth)
    linear.inputGradient(
      dStream, rows: rows, outputs: width, weights + slots.output, inputs: queryWidth, into: dAttended)
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
    normalise(input, weights + slots.inputNorm, rows: rows)
    let parts = [
      (dQuery, queryWidth, \ParameterLayout.Layer.query), (dKey, keyWidth, \.key),
      (dValue, keyWidth, \.value),
    ]
    for (index, (gradient, outputs, part)) in parts.enumerated() {
      target.add(part, gradient, rows: rows, outputs: outputs, normed.floats, inputs: width)
      linear.inputGradient(
        gradient, rows: rows, outputs: outputs, weights + slots[keyPath: part], inputs: width,
        into: dNormed, adding: index > 0)
    }
    normGradient(
      dNormed, x: input, weight: weights + slots.inputNorm, rows: rows, dStream,
      target.vector(\.inputNorm))
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
