import COpenBLAS

/// A linear map without bias, y = x W^T, and its two gradients, on row-major f32.
///
/// Every call is one `sgemm` on the calling thread. The order in which BLAS adds depends on the shape, so what
/// is split over threads is split at places that do not depend on their number: equal bits on any machine with
/// the same BLAS kernels.
struct LinearMath {
  /// M: rows of x and y.
  let rows: Int
  /// K: columns of x and W.
  let inputs: Int
  /// N: columns of y, rows of W.
  let outputs: Int

  /// y `[M, N]` = x `[M, K]` W `[N, K]`^T, or y += ....
  func forward(
    _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>,
    adding: Bool = false
  ) {
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, blasint(rows), blasint(outputs), blasint(inputs), 1, x,
      blasint(inputs), weight, blasint(inputs), adding ? 1 : 0, y, blasint(outputs))
  }

  /// dx `[M, K]` = dy `[M, N]` W `[N, K]`, or dx += ....
  func inputGradient(
    _ dy: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, into dx: UnsafeMutablePointer<Float>,
    adding: Bool = false
  ) {
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(rows), blasint(inputs), blasint(outputs), 1, dy,
      blasint(outputs), weight, blasint(inputs), adding ? 1 : 0, dx, blasint(inputs))
  }

  /// dW `[N, K]` += dy `[M, N]`^T x `[M, K]`.
  func weightGradient(
    _ dy: UnsafePointer<Float>, _ x: UnsafePointer<Float>, into dWeight: UnsafeMutablePointer<Float>
  ) {
    Self.weightGradient(dy, stride: outputs, rows: rows, outputs: outputs, x, inputs: inputs, into: dWeight)
  }

  /// dW `[N, K]` += dy^T x, where dy is N columns of a matrix whose rows are `stride` apart.
  static func weightGradient(
    _ dy: UnsafePointer<Float>, stride: Int, rows: Int, outputs: Int, _ x: UnsafePointer<Float>, inputs: Int,
    into dWeight: UnsafeMutablePointer<Float>
  ) {
    cblas_sgemm(
      CblasRowMajor, CblasTrans, CblasNoTrans, blasint(outputs), blasint(inputs), blasint(rows), 1, dy,
      blasint(stride), x, blasint(inputs), 1, dWeight, blasint(inputs))
  }
}
