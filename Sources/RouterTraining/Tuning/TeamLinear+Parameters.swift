extension TeamLinear {
  /// y `[T, N]` = x `[T, K]` W^T, or y += ..., with the matrix W `[N, K]` of a block of f32.
  func forward(
    _ x: UnsafePointer<Float>, rows: Int, _ matrix: ParameterLayout.Parameter, in block: UnsafePointer<Float>,
    into y: UnsafeMutablePointer<Float>, adding: Bool = false
  ) {
    let (outputs, inputs) = matrix.matrixSize
    forward(
      x, rows: rows, inputs: inputs, block + matrix.offset, outputs: outputs, into: y, adding: adding)
  }

  /// dx `[T, K]` = dy `[T, N]` W, or dx += ..., with the matrix W `[N, K]` of a block of f32.
  func inputGradient(
    _ dy: UnsafePointer<Float>, rows: Int, _ matrix: ParameterLayout.Parameter,
    in block: UnsafePointer<Float>,
    into dx: UnsafeMutablePointer<Float>, adding: Bool = false
  ) {
    let (outputs, inputs) = matrix.matrixSize
    inputGradient(
      dy, rows: rows, outputs: outputs, block + matrix.offset, inputs: inputs, into: dx, adding: adding)
  }

  /// dW += dy `[T, N]`^T x `[T, K]`, with the gradient of the matrix W `[N, K]` in a block of f32.
  func weightGradient(
    _ dy: UnsafePointer<Float>, rows: Int, _ x: UnsafePointer<Float>, _ matrix: ParameterLayout.Parameter,
    in block: UnsafeMutablePointer<Float>
  ) {
    let (outputs, inputs) = matrix.matrixSize
    weightGradient(dy, rows: rows, outputs: outputs, x, inputs: inputs, into: block + matrix.offset)
  }
}
