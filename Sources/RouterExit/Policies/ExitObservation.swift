/// What an exit shows to a policy.
///
/// It borrows the engine's buffers, so it is valid only during the call to ``ExitDecider/decide(_:)``, and it
/// cannot be copied, so it cannot be kept by accident. Copy the numbers you need.
public struct ExitObservation: ~Copyable {
  /// Layers executed so far for this token (1-based count): the exit's name.
  public let depth: Int

  /// L, the number of layers of the model.
  public let layerCount: Int

  /// 0-based index of this token within the response (CALM's *t*).
  public let tokenIndex: Int

  /// f32 `[D]`: the residual stream after `depth` layers, before the final norm.
  public let hidden: UnsafeBufferPointer<Float>

  /// f32 `[D]`: the residual stream at the previous consulted exit of this token; `nil` at the first one.
  public let previousHidden: UnsafeBufferPointer<Float>?

  private let source: any ExitLogits

  /// f32 `[V]`: the logits of this exit, by the policy's ``ExitPolicy/head``. The first access costs a read of it; nothing
  /// is computed until then.
  public var logits: UnsafeBufferPointer<Float> { source.logits() }

  /// Statistics of softmax(``logits``); `nil` if a logit is not finite. The first access computes the logits.
  public var statistics: SoftmaxStatistics? { source.statistics() }

  /// Creates an observation over buffers that stay valid until the decision has been made.
  ///
  /// - Parameters:
  ///   - depth: layers executed so far, 1...`layerCount`.
  ///   - layerCount: L.
  ///   - tokenIndex: 0-based index within the response.
  ///   - hidden: f32 `[D]`, residual stream after `depth` layers.
  ///   - previousHidden: f32 `[D]`, the same at the previous consulted exit of this token.
  ///   - logits: computes the logits `[V]` on demand.
  public init(
    depth: Int, layerCount: Int, tokenIndex: Int, hidden: UnsafeBufferPointer<Float>,
    previousHidden: UnsafeBufferPointer<Float>?, logits: any ExitLogits
  ) {
    precondition(depth >= 1 && depth <= layerCount, "depth must lie in 1...layerCount")
    precondition(
      previousHidden.map { $0.count == hidden.count } ?? true,
      "both hidden states must have the model's width D")
    self.depth = depth
    self.layerCount = layerCount
    self.tokenIndex = tokenIndex
    self.hidden = hidden
    self.previousHidden = previousHidden
    self.source = logits
  }
}
