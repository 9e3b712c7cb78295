import Synchronization

/// How long tokens took over what was forecast, for each way to decode, as seen on a model so far.
///
/// It decides which way is taken where several are allowed, and never what comes out of one.
package final class WaySpeeds: Sendable {
  private let state = Mutex<[String: Sums]>([:])

  private struct Sums {
    var actual: Double
    var forecast: Double
  }

  /// What is left of what was seen after another sweep: half after a few hundred.
  private static let memory = 0.998
  /// Sweeps that the forecast counts for.
  private static let priorWeight = 30.0
  /// How far what was seen may correct a forecast.
  private static let bounds = 0.5...2

  package init() {}

  /// Notes a sweep of sequences that all decode in one way.
  ///
  /// - Parameters:
  ///   - actual: seconds of the sweep times its sequences.
  ///   - forecast: seconds per token that were forecast, times the tokens of the sweep.
  package func record(_ way: String, actual: Double, forecast: Double) {
    guard actual > 0, forecast >= 0 else { return }
    state.withLock { state in
      let prior = Self.priorWeight * actual
      var sums = state[way] ?? Sums(actual: prior, forecast: prior)
      sums.actual = Self.memory * sums.actual + actual
      sums.forecast = Self.memory * sums.forecast + forecast
      state[way] = sums
    }
  }

  /// How many times what is forecast a token takes.
  package func correction(of way: String) -> Double {
    state.withLock { state in
      guard let sums = state[way], sums.forecast > 0 else { return 1 }
      return min(max(sums.actual / sums.forecast, Self.bounds.lowerBound), Self.bounds.upperBound)
    }
  }
}
