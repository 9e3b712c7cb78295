/// One kind of work that is timed.
package enum BenchmarkPhase: Sendable, Hashable {
  /// A prompt of so many tokens, from an empty cache to the logits of its last token.
  case prefill(tokens: Int)
  /// So many tokens, one after the other with logits each, after `context` positions.
  case decode(tokens: Int, context: Int)

  /// The name that llama.cpp's users know: `pp512`, `tg128@2048`.
  package var name: String {
    switch self {
    case .prefill(let tokens): "pp\(tokens)"
    case .decode(let tokens, let context): "tg\(tokens)@\(context)"
    }
  }

  /// Tokens that are processed while the clock runs.
  package var tokens: Int {
    switch self {
    case .prefill(let tokens), .decode(let tokens, _): tokens
    }
  }

  /// Positions in the cache before the clock runs.
  package var context: Int {
    switch self {
    case .prefill: 0
    case .decode(_, let context): context
    }
  }
}
