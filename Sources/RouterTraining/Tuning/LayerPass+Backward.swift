import RouterCheckpoint
import RouterTensor

extension LayerPass {
  /// Turns the gradient of y `[T, D]` in `dStream` into that of x, and adds the gradients of the weights.
  ///
  /// - Parameters:
  ///   - kept: what ``forward(_:input:_:weights:slots:into:)`` left; `gate` and `up` are overwritten.
  ///   - dWeights: the block for gradients, of which `dSlots` names the layer's parts.
  func backward(
    _ batch: PackedBatch, input: UnsafePointer<Float>, _ kept: LayerActivations,
    weights: UnsafePointer<Float>,
    slots: ParameterLayout.Layer, dStream: UnsafeMutablePointer<Float>,
    dWeights: UnsafeMutablePointer<Float>, dSlots: ParameterLayout.Layer
  ) {
    backwardFeedForward(batch, input: input, kept, weights: weights, slots: slots, dStream, dWeights, dSlots)
    backwardAttention(batch, input: input, kept, weights: weights, slots: slots, dStream, dWeights, dSlots)
  }

  private func backwardFeedForward(
    _ batch: PackedBatch, input: UnsafePointer<Float>, _ kept: LayerActivations,
    weights: UnsafePointer<Float>,
    slots: ParameterLayout.Layer, _ dStream: UnsafeMutablePointer<Float>,
    _ dWeights: UnsafeMutablePointer<Float>, _ dSlots: ParameterLayout.Layer
  ) {
    let rows = batch.rowCount
    let (dProduct, dNormed) = (gradients.product.floats, gradients.normed.floats)
    multiplyGate(kept, rows: rows)
    linear.weightGradient(
      dStream, rows: rows, outputs: width, product.floats, inputs: inner, into: dWeights + dSlots.down)
    linear.inputGradient(
      dStream, rows: rows, outputs: width, weights + slots.down, inputs: inner, into: dProduct)
    linear.forEachBlock(of: rows, 32) { first, count in
      GatedUnit.backward(
        dProduct: dProduct + first * inner, gate: kept.gate + first * inner, up: kept.up + first * inner,
        count: count * inner)
    }
    normalise(kept.middle, weights + slots.postAttentionNorm, rows: rows)
    linear.weightGradient(
      kept.gate, rows: rows, outputs: inner, normed.floats, inputs: width, into: dWeights + dSlots.gate)
    linear.weightGradient(
      kept.up, rows: rows, outputs: inner, normed.floats, inputs: width, into: dWeights + dSlots.up)
    linear.inputGradient(
      kept.gate, rows: rows, outputs: inner, weights + slots.gate, inputs: width, into: dNormed)
    linear.inputGradient(
      kept.up, rows: rows, outputs: inner, weights + slots.up, inputs: width, into: dNormed, adding: true)
    normGradient(
      dNormed, x: kept.middle, weight: weights + slots.postAttentionNorm, rows: rows, dStream,
      dWeights + dSlots.postAttentionNorm)
  }

  private func backwardAttention(
    _ batch: PackedBatch, input: UnsafePointer<Float>, _ kept: LayerActivations,
    weights: UnsafePointer<Float>,
    slots: ParameterLayout.Layer, _ dStream: UnsafeMutablePointer<Float>,
    _ dWeights: UnsafeMutablePointer<Float>, _ dSlots: ParameterLayout.Layer
  ) {
    let rows = batch.rowCount
    let (dAttended, dNormed) = (gradients.attended.floats, gradients.normed.floats)
    let (dQuery, dKey, dValue) = (gradients.query.floats, gradients.key.floats, gradients.value.floats)
    linear.weightGradient(
      dStream, rows: rows, outputs: width, kept.attended, inputs: queryWidth, into: dWeights + dSlots.output)
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
    if let dBiases = dSlots.biases {
      for row in 0..<rows {
        Vectors.add(dQuery + row * queryWidth, to: dWeights + dBiases.query, queryWidth)
        Vectors.add(dKey + row * keyWidth, to: dWeights + dBiases.key, keyWidth)
        Vectors.add(dValue + row * keyWidth, to: dWeights + dBiases.value, keyWidth)
      }
    }
    normalise(input, weights + slots.inputNorm, rows: rows)
    let parts = [
      (dQuery, queryWidth, slots.query, dSlots.query), (dKey, keyWidth, slots.key, dSlots.key),
      (dValue, keyWidth, slots.value, dSlots.value),
    ]
    for (index, (gradient, outputs, offset, dOffset)) in parts.enumerated() {
      linear.weightGradient(
        gradient, rows: rows, outputs: outputs, normed.floats, inputs: width, into: dWeights + dOffset)
      linear.inputGradient(
        gradient, rows: rows, outputs: outputs, weights + offset, inputs: width, into: dNormed,
        adding: index > 0)
    }
    normGradient(
      dNormed, x: input, weight: weights + slots.inputNorm, rows: rows, dStream,
      dWeights + dSlots.inputNorm)
  }

  /// Adds the gradient through a norm to the residual stream's, and that of the norm's weight.
  private func normGradient(
    _ dNormed: UnsafePointer<Float>, x: UnsafePointer<Float>, weight: UnsafePointer<Float>, rows: Int,
    _ dStream: UnsafeMutablePointer<Float>, _ dWeight: UnsafeMutablePointer<Float>
  ) {
    linear.forEachBlock(of: rows, 32) { first, count in
      for row in first..<first + count {
        NormMath.inputGradient(
          dNormed + row * width, x: x + row * width, weight: weight, count: width, r: roots.floats[row],
          into: dStream + row * width, adding: true)
      }
    }
    for row in 0..<rows {
      NormMath.weightGradient(
        dNormed + row * width, x: x + row * width, count: width, r: roots.floats[row], into: dWeight)
    }
  }
}
