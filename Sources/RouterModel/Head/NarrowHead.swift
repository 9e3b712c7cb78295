import RouterTensor

/// The parts of a narrow head as a checkpoint has them; see ``RouterTensor/NarrowMatrix``.
package struct NarrowHead: Sendable {
  /// f32 `[r, D]`
  package let projection: AlignedBuffer
  /// f32 `[r]`
  package let centre: AlignedBuffer
  /// `[V, r]`
  package let weight: WeightMatrix
  /// f32 `[V]`
  package let bias: AlignedBuffer
  /// Blocks of 16 tokens from whose largest on tokens are computed in all dimensions.
  package let leadingBlocks: Int

  /// Joins the parts.
  package init(
    projection: AlignedBuffer, centre: AlignedBuffer, weight: WeightMatrix, bias: AlignedBuffer,
    leadingBlocks: Int
  ) {
    self.projection = projection
    self.centre = centre
    self.weight = weight
    self.bias = bias
    self.leadingBlocks = leadingBlocks
  }

  /// The narrow form of a head W `[V, D]`, which copies W row by row.
  func matrix(of head: WeightMatrix, matmul: Matmul) -> NarrowMatrix {
    NarrowMatrix(
      projection: projection, centre: centre, weight: weight, bias: bias,
      matrix: RowMatrix(copying: head, matmul: matmul), leadingBlocks: leadingBlocks)
  }
}
