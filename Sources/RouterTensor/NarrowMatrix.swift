/// Products with a matrix W `[N, K]` in r of its K dimensions: cheap enough to look at all rows, and near enough that
/// the largest product is almost always among the few hundred that are then computed in all dimensions.
///
/// With m and C = L L^T the mean and covariance of the inputs that W gets, and V_r the r leading eigenvectors of
/// L^T W^T W L, an input x has about the products
///
///     W m + (W L V_r) (V_r^T L^-1 (x - m))
///
/// which is the approximation of rank r with the least mean square error over such inputs (Eckart and Young; the
/// inputs L^-1 (x - m) have no preferred direction).
package struct NarrowMatrix: Sendable {
  /// V_r^T L^-1, f32 `[r, K]`.
  package let projection: AlignedBuffer
  /// V_r^T L^-1 m, f32 `[r]`.
  package let centre: AlignedBuffer
  /// W L V_r, `[N, r]`.
  package let weight: WeightMatrix
  /// W m, f32 `[N]`.
  package let bias: AlignedBuffer
  /// W in 8 bits, of which rows are read that look large.
  package let matrix: RowMatrix
  /// Blocks of 16 rows from whose largest on rows count as leading: those are computed in all dimensions.
  package let leadingBlocks: Int

  /// r.
  package var rank: Int { weight.columns }
  /// N.
  package var rows: Int { weight.rows }
  /// K.
  package var columns: Int { matrix.columns }

  /// Bytes that one look at all rows reads.
  package var byteCount: Int {
    projection.byteCount + centre.byteCount + weight.byteCount + bias.byteCount
  }

  /// Joins the parts.
  ///
  /// - Precondition: they fit together, and r is a multiple of 32.
  package init(
    projection: AlignedBuffer, centre: AlignedBuffer, weight: WeightMatrix, bias: AlignedBuffer,
    matrix: RowMatrix, leadingBlocks: Int
  ) {
    precondition(weight.columns % 32 == 0, "rank \(weight.columns)")
    precondition(
      projection.byteCount == weight.columns * matrix.columns * 4, "the projection is of another shape")
    precondition(
      centre.byteCount == weight.columns * 4 && bias.byteCount == weight.rows * 4, "so are the vectors")
    precondition(matrix.rows == weight.rows, "\(matrix.rows) rows and \(weight.rows)")
    self.projection = projection
    self.centre = centre
    self.weight = weight
    self.bias = bias
    self.matrix = matrix
    self.leadingBlocks = max(1, leadingBlocks)
  }
}
