/// The engine's side of an observation: computes the logits of the current exit when, and only when, a policy
/// asks for them.
public protocol ExitLogits: AnyObject {
  /// Returns the f32 logits `[V]` of the current exit: shared final norm, then the head that the policy asks.
  ///
  /// The first call for an observation computes them, which costs one head; later calls return the same
  /// values. If the token leaves at this exit, the engine samples from these logits and pays no second head.
  func logits() -> UnsafeBufferPointer<Float>

  /// Returns the statistics of ``logits()``; `nil` if one is not finite. An engine may compute those of many tokens at once.
  func statistics() -> SoftmaxStatistics?
}

extension ExitLogits {
  public func statistics() -> SoftmaxStatistics? { SoftmaxStatistics(logits()) }
}
