/// What an exit shows at one position of a text.
///
/// It borrows the model's buffers, so it is valid only during the call that brings it, and cannot be kept by accident.
/// Copy the numbers you need.
public struct ExitReading: ~Copyable {
  /// Layers that have run: the exit's name.
  public let depth: Int

  /// 0-based position in the text; what is read here predicts the token at `position + 1`.
  public let position: Int

  /// f32 `[D]`: the residual stream after `depth` layers, before the final norm.
  public let hidden: UnsafeBufferPointer<Float>

  /// f32 `[V]`: what the exit says, through its adapter if it has one; empty if logits were not asked for.
  public let logits: UnsafeBufferPointer<Float>
}
