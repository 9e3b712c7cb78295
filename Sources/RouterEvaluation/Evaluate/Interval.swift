import RouterRandom

/// A mean with its percentile bootstrap interval (Efron and Tibshirani, "An Introduction to the Bootstrap", 13.3).
package struct Interval: Sendable, Codable, Equatable {
  package let mean: Double
  package let low: Double
  package let high: Double

  /// Joins a mean and the ends of its interval.
  package init(mean: Double, low: Double, high: Double) {
    self.mean = mean
    self.low = low
    self.high = high
  }
}
