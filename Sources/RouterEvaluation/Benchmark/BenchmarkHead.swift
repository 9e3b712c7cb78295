import RouterModel

/// How the most probable token is found.
package enum BenchmarkHead: String, Sendable, CaseIterable, Encodable {
  /// All logits.
  case full
  /// Through the screen of the head, as greedy answers are.
  case screened

  var screening: HeadScreening {
    switch self {
    case .full: .off
    case .screened: .after(inputs: HeadScreening.usualInputs)
    }
  }
}
