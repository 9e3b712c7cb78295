/// What stands between an exit's hidden state and the shared norm and head.
///
/// With h the hidden state `[D]`, rms(h) = sqrt(mean(h * h) + 1e-5) and z = h / rms(h):
package enum ExitAdapterKind: Sendable, Equatable, Hashable {
  /// h' = h + rms(h) (A z + b): a tuned lens (Belrose et al., arXiv 2303.08112).
  case linear
  /// h' = h + rms(h) W_down (silu(W_gate z) * (W_up z)): a feed-forward block of inner width `inner`.
  case gated(inner: Int)

  /// What is added to the mean square under rms's root.
  package static let epsilon: Float = 1e-5

  /// Names and shapes of one adapter's tensors for model width `width`, in the order in which they are used.
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
}

/// Written as `linear` or, with the inner width, `gated:384`.
extension ExitAdapterKind: Codable, CustomStringConvertible {
  /// Inner widths that a file may have.
  private static let innerWidths = 1...1 << 17

  package var description: String {
    switch self {
    case .linear: "linear"
    case .gated(let inner): "gated:\(inner)"
    }
  }

  /// Parses a description; nil if it is none.
  package init?(_ description: String) {
    if description == "linear" {
      self = .linear
    } else if description.hasPrefix("gated:"), let inner = Int(description.dropFirst(6)),
      Self.innerWidths.contains(inner)
    {
      self = .gated(inner: inner)
    } else {
      return nil
    }
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let kind = Self(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "no such kind of adapter")
    }
    self = kind
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
