import COpenBLAS
import CRouterKernels

/// One product of a fork: `output[i, n] = sum over k of input[i, k] * matrix[n, k]`, or `+=`.
package struct MatrixProduct {
  package let matrix: WeightMatrix
  /// f32 `[M, stride]`, of which `matrix.rows` columns are written.
  package let output: UnsafeMutablePointer<Float>
  package let stride: Int
  /// Whether the product is added to what `output` holds.
  package let adds: Bool

  package init(_ matrix: WeightMatrix, into output: UnsafeMutablePointer<Float>, stride: Int? = nil) {
    self.matrix = matrix
    self.output = output
    self.stride = stride ?? matrix.rows
    adds = false
  }

  /// A product that is added to `target`, f32 `[M, N]`.
  package init(_ matrix: WeightMatrix, addingTo target: UnsafeMutablePointer<Float>) {
    self.matrix = matrix
    output = target
    stride = matrix.rows
    adds = true
  }
}
