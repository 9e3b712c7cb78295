/// One product of a fork: `output[i, n] = sum over k of input[i, k] * matrix[n, k]`, or `+=`.
package struct MatrixProduct {
  /// Where a product goes.
  package enum Target {
    /// f32 `[M, stride]`, of which as many columns are written as the matrix has rows.
    case output(UnsafeMutablePointer<Float>, stride: Int)
    /// M rows f32 `[N]`, wherever they lie, to which the product's rows are added.
    case sums(UnsafePointer<UnsafeMutablePointer<Float>>)
  }

  package let matrix: WeightMatrix
  package let target: Target

  package init(_ matrix: WeightMatrix, into output: UnsafeMutablePointer<Float>, stride: Int? = nil) {
    self.matrix = matrix
    target = .output(output, stride: stride ?? matrix.rows)
  }

  /// A product whose rows are added to `rows`, f32 `[N]` each.
  package init(_ matrix: WeightMatrix, addingTo rows: UnsafePointer<UnsafeMutablePointer<Float>>) {
    self.matrix = matrix
    target = .sums(rows)
  }
}
