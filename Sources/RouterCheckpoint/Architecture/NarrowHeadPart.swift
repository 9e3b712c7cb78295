/// The parts of a narrow head, which looks at all tokens in r of the model's D dimensions: formulas at
/// `NarrowMatrix` of RouterTensor.
package enum NarrowHeadPart: String, Sendable, CaseIterable {
  /// F32 `[r, D]`: from what a head reads to its leading dimensions.
  case projection
  /// F32 `[r]`: the mean of what a head reads, there.
  case centre
  /// `[V, r]`: the head there, in any encoding of a matrix.
  case weight
  /// F32 `[V]`: logits of the mean.
  case bias
  /// I32 `[1]`: blocks of 16 tokens from whose largest on tokens are computed in all dimensions.
  case leadingBlocks = "leading_blocks"
}
