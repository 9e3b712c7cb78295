/// What a token may cost on average.
package enum TokenBudget: Sendable, Equatable {
  case layers(Double)
  case seconds(Double)

  /// The budget of a goal; nil for a risk.
  package init?(_ goal: CalibrationSettings.Goal) {
    switch goal {
    case .layers(let layers): self = .layers(layers)
    case .tokensPerSecond(let speed): self = .seconds(1 / speed)
    case .risk: return nil
    }
  }

  package func isMet(depth: Double, seconds: Double) -> Bool {
    switch self {
    case .layers(let limit): depth <= limit
    case .seconds(let limit): seconds <= limit
    }
  }
}
