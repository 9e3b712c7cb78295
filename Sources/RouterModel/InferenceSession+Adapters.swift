import RouterCheckpoint
import RouterTensor

// What the head reads at an exit: the adapted state, normed. Keys and values are always made of the raw state.
extension InferenceSession {
  /// f32 `[rows.count, D]`: the states as the head reads them, after the adapter of the exit where they are, if it
  /// has one, and the shared norm. Valid until the next call.
  ///
  /// - Parameter rows: rows in flight that have run the same layers, a range within `0 ..< rowCount`.
  package func headInput(rows: Range<Int>) -> UnsafePointer<Float> {
    let depth = depth(of: rows)
    let width = model.configuration.width
    let states: UnsafeMutablePointer<Float>
    if let adapter = model.weights.adapters[depth] {
      adapt(rows, with: adapter)
      states = scratch.delta
    } else {
      states = scratch.hidden
    }
    for row in rows {
      model.matmul.kernels.rmsNorm(
        states + row * width, weight: model.weights.finalNorm, count: width,
        epsilon: model.configuration.normEpsilon, into: scratch.normed + row * width)
    }
    return UnsafePointer(scratch.normed + rows.lowerBound * width)
  }

  /// The layers that rows in flight, at least one, have run.
  func depth(of rows: Range<Int>) -> Int {
    precondition(rows.lowerBound >= 0 && rows.upperBound <= rowCount, "rows \(rows) of \(rowCount)")
    let depths = ledger.depths[rows]
    guard let depth = depths.first else { return self.depth }
    precondition(depths.last == depth, "rows \(rows) have run \(depths) layers")
    return depth
  }

  /// delta = hidden + rms(hidden) f(hidden / rms(hidden)), row by row.
  private func adapt(_ rows: Range<Int>, with adapter: ExitAdapter) {
    let width = model.configuration.width
    let first = rows.lowerBound
    let roots = rows.map { row in
      unitState(of: scratch.hidden + row * width, into: scratch.normed + row * width)
    }
    let (unit, output) = (scratch.normed + first * width, scratch.delta + first * width)
    switch adapter {
    case .linear(let weight, let bias):
      multiply(unit, rows.count, [MatrixProduct(weight, into: output)])
      for row in 0..<rows.count {
        model.matmul.kernels.add(bias, to: output + row * width, count: width)
      }
    case .gated(let gate, let up, let down):
      multiply(
        unit, rows.count, [MatrixProduct(gate, into: scratch.gate), MatrixProduct(up, into: scratch.up)])
      model.matmul.kernels.siluMultiply(scratch.gate, by: scratch.up, count: rows.count * gate.rows)
      multiply(scratch.gate, rows.count, [MatrixProduct(down, into: output)])
    }
    for (row, root) in zip(rows, roots) {
      let (state, change) = (scratch.hidden + row * width, scratch.delta + row * width)
      for i in 0..<width { change[i] = state[i] + root * change[i] }
    }
  }

  private func multiply(_ input: UnsafePointer<Float>, _ rows: Int, _ products: [MatrixProduct]) {
    model.matmul.multiply(input, rows: rows, by: products, codes: scratch.codes)
  }

  /// z = h / rms(h), `[D]`; returns rms(h).
  private func unitState(
    of state: UnsafePointer<Float>, into output: UnsafeMutablePointer<Float>
  ) -> Float {
    let width = model.configuration.width
    // Eight sums, since one would wait for each addition.
    var sums = SIMD8<Float>(repeating: 0)
    var i = 0
    while i + 8 <= width {
      let part = UnsafeRawPointer(state + i).loadUnaligned(as: SIMD8<Float>.self)
      sums += part * part
      i += 8
    }
    var sum = sums.sum()
    while i < width {
      sum += state[i] * state[i]
      i += 1
    }
    let root = (sum / Float(width) + ExitAdapterKind.epsilon).squareRoot()
    let inverse = 1 / root
    for i in 0..<width { output[i] = state[i] * inverse }
    return root
  }
}
