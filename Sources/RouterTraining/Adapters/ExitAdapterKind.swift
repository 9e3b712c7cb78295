/// What stands between an exit's hidden state and the shared norm and head.
///
/// With z = h / rms(h), `[D]`:
package enum ExitAdapterKind: Sendable, Equatable, Hashable, Codable {
  /// h' = h + rms(h) (A z + b): a tuned lens (Belrose et al., arXiv 2303.08112).
  case linear
  /// h' = h + rms(h) W_down (silu(W_gate z) * (W_up z)): a feed-forward block of inner width `inner`.
  case gated(inner: Int)

  /// Names and shapes of one adapter's tensors for model width `width`, in the order in which they are stored.
  package func parts(width: Int) -> [(name: String, shape: [Int])] {
    switch self {
    case .linear: [("linear.weight", [width, width]), ("linear.bias", [width])]
    case .gated(let inner):
      [("gate.weight", [inner, width]), ("up.weight", [inner, width]), ("down.weight", [width, inner])]
    }
  }

  /// Parameters of one adapter.
  package func parameterCount(width: Int) -> Int {
    parts(width: width).reduce(0) { $0 + $1.shape.reduce(1, *) }
  }

  /// Columns of working memory that an adapter needs for each row.
  var scratchWidth: Int {
    switch self {
    case .linear: 0
    case .gated(let inner): 3 * inner
    }
  }
}
