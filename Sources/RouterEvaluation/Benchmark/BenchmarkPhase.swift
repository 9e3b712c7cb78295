/// One kind of work that is timed.
package enum BenchmarkPhase: Sendable, Hashable {
  /// A prompt of so many tokens, from an empty cache to the logits of its last token.
  case prefill(tokens: Int)
  /// So many tokens, one after the other with logits each, after `context` positions.
  case decode(tokens: Int, context: Int)
  /// Tokens one after the other, each through its share of the layers, 0...1, with logits where it leaves; keys and values
  /// of the others come from its state.
  case replay(shares: [Double], context: Int)

  /// The name that llama.cpp's users know: `pp512`, `tg128@2048`.
  package var name: String {
    switch self {
    case .prefill(let tokens): "pp\(tokens)"
    case .decode(let tokens, let context): "tg\(tokens)@\(context)"
    case .replay(let shares, let context): "replay\(shares.count)@\(context)"
    }
  }

  /// Tokens that are processed while the clock runs.
  package var tokens: Int {
    switch self {
    case .prefill(let tokens), .decode(let tokens, _): tokens
    case .replay(let shares, _): shares.count
    }
  }

  /// Positions in the cache before the clock runs.
  package var context: Int {
    switch self {
    case .prefill: 0
    case .decode(_, let context), .replay(_, let context): context
    }
  }

  /// Layers that each token runs of at most `depth`, in order.
  func depths(of depth: Int) -> [Int] {
    switch self {
    case .prefill(let tokens), .decode(let tokens, _): [Int](repeating: depth, count: tokens)
    case .replay(let shares, _): shares.map { max(1, min(depth, Int(($0 * Double(depth)).rounded()))) }
    }
  }

  /// Mean of ``depths(of:)``.
  package func meanDepth(of depth: Int) -> Double {
    let depths = depths(of: depth)
    return Double(depths.reduce(0, +)) / Double(max(1, depths.count))
  }
}
