import RouterTensor

/// Gradients of low-rank factors, W' = W + s B A, from what passes through W' alone.
///
/// With y = x W'^T: dB = s dy^T (x A^T) and dA = s (dy B)^T x. The gradient of W' itself, which costs as much as a
/// forward pass, is never made.
struct FactorGradients {
  let factors: LowRankFactors
  /// f32: the factors, and what their gradients are added to, in blocks of the factors' order.
  let values, gradients: UnsafeMutablePointer<Float>
  /// f32 `[T, r]`: x A^T or dy B.
  let room: UnsafeMutablePointer<Float>

  /// Adds the gradients of the factors of the matrix at `weight` in the layout, given x `[T, K]` and dy `[T, N]`.
  func add(
    weight: Int, _ dy: UnsafePointer<Float>, rows: Int, _ x: UnsafePointer<Float>, _ linear: TeamLinear
  ) {
    guard let pair = factors.pair(at: weight) else { preconditionFailure("a matrix without factors") }
    let (inputs, outputs, rank) = (pair.columns, pair.rows, factors.rank)
    linear.forward(x, rows: rows, inputs: inputs, values + pair.a, outputs: rank, into: room)
    scale(rows * rank)
    linear.weightGradient(dy, rows: rows, outputs: outputs, room, inputs: rank, into: gradients + pair.b)
    linear.inputGradient(dy, rows: rows, outputs: outputs, values + pair.b, inputs: rank, into: room)
    scale(rows * rank)
    linear.weightGradient(room, rows: rows, outputs: rank, x, inputs: inputs, into: gradients + pair.a)
  }

  private func scale(_ count: Int) {
    for i in 0..<count { room[i] *= factors.scale }
  }
}
