/// Seconds as a line in the number of positions before a token: `base + perPosition * context`.
package struct CostLine: Sendable, Equatable, Codable {
  package let base: Double
  package let perPosition: Double

  private enum CodingKeys: String, CodingKey {
    case base
    case perPosition = "per_position"
  }

  package init(base: Double, perPosition: Double) {
    self.base = base
    self.perPosition = perPosition
  }

  /// The line of least squares through measurements, its slope not negative: more context never costs less, so
  /// a falling line is noise and becomes the mean.
  package init(fitting points: [(context: Double, seconds: Double)]) {
    let count = Double(max(points.count, 1))
    let meanContext = points.reduce(0) { $0 + $1.context } / count
    let meanSeconds = points.reduce(0) { $0 + $1.seconds } / count
    let spread = points.reduce(0) { $0 + ($1.context - meanContext) * ($1.context - meanContext) }
    let joint = points.reduce(0) { $0 + ($1.context - meanContext) * ($1.seconds - meanSeconds) }
    let slope = spread > 0 ? max(0, joint / spread) : 0
    perPosition = slope
    base = max(0, meanSeconds - slope * meanContext)
  }

  /// Seconds after `context` positions.
  package func seconds(context: Double) -> Double { base + perPosition * context }
}
