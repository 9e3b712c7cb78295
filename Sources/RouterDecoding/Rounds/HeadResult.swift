/// What the head found for a row, apart from the row: enough to choose the next token.
enum HeadResult {
  /// The most probable token.
  case choice(Int32)
  /// f32 `[V]`: all logits, or those that the sampler looks at.
  case logits([Float])
}
