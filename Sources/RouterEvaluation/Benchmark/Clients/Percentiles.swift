/// The middle and the upper end of a distribution.
package struct Percentiles: Sendable, Equatable, Encodable {
  package let p50: Double
  package let p95: Double
  package let p99: Double

  /// By nearest rank; 0 without values.
  package init(_ values: [Double]) {
    let sorted = values.sorted()
    func rank(_ share: Double) -> Double {
      sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int((share * Double(sorted.count)).rounded(.up)) - 1)]
    }
    (p50, p95, p99) = (rank(0.5), rank(0.95), rank(0.99))
  }
}
