/// What the head says after a token: enough to choose the next one. Valid until the sweep ends.
enum HeadResult {
  /// The most probable token, found without the other logits.
  case choice(Int32)
  /// f32 `[V]`: the logits, or those that the sampler looks at.
  case logits(UnsafeMutableBufferPointer<Float>)
}
