import RouterCheckpoint
import RouterTensor

// What the head reads at an exit: the adapted state, normed. Keys and values are always made of the raw state.
extension ModelRunner {
  /// f32 `[n, D]`: states at one exit as the head reads them, after the adapter of the exit, if it has one, and the
  /// shared norm. Valid until the next call.
  ///
  /// - Parameters:
  ///   - states: f32 `[D]` each, at most ``rowLimit``.
  ///   - depth: layers that they have run.
  package func headInput(of states: [UnsafeMutablePointer<Float>], at depth: Int) -> UnsafePointer<Float> {
    precondition(states.count <= rowLimit, "\(states.count) rows of \(rowLimit)")
    let width = model.configuration.width
    let adapter = model.weights.adapters[depth]
    if let adapter { adapt(states, with: adapter) }
    for (row, state) in states.enumerated() {
      model.matmul.kernels.rmsNorm(
        adapter == nil ? state : scratch.adapted + row * width, weight: model.weights.finalNorm, count: width,
        epsilon: model.configuration.normEpsilon, into: scratch.normed + row * width)
    }
    return UnsafePointer(scratch.normed)
  }

  /// adapted = hidden + rms(hidden) f(hidden / rms(hidden)), row by row.
  private func adapt(_ states: [UnsafeMutablePointer<Float>], with adapter: ExitAdapter) {
    let width = model.configuration.width
    let roots = states.enumerated().map { row, state in
      unitState(of: state, into: scratch.normed + row * width)
    }
    switch adapter {
    case .linear(let weight, let bias):
      multiply(scratch.normed, states.count, [MatrixProduct(weight, into: scratch.adapted)])
      for row in 0..<states.count {
        model.matmul.kernels.add(bias, to: scratch.adapted + row * width, count: width)
      }
    case .gated(let gate, let up, let down):
      multiply(
        scratch.normed, states.count,
        [MatrixProduct(gate, into: scratch.gate), MatrixProduct(up, into: scratch.up)])
      model.matmul.kernels.siluMultiply(scratch.gate, by: scratch.up, count: states.count * gate.rows)
      multiply(scratch.gate, states.count, [MatrixProduct(down, into: scratch.adapted)])
    }
    for (row, state) in states.enumerated() {
      let (change, root) = (scratch.adapted + row * width, roots[row])
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
