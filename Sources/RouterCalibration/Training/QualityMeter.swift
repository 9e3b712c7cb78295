import RouterExit

/// Gathers what an estimator said at one exit, and how right it was.
package struct QualityMeter: Sendable {
  private var tokens: [(confidence: Float, target: Float, agrees: Bool)] = []
  private static let bins = 10

  /// Nothing gathered yet.
  package init() {}

  /// Adds a token.
  ///
  /// - Parameters:
  ///   - target: what the estimator should have said, in 0...1.
  ///   - agrees: whether the exit says what full depth says.
  package mutating func add(confidence: Float, target: Float, agrees: Bool) {
    tokens.append((confidence, target, agrees))
  }

  /// The figures; nil without tokens.
  package func quality() throws(PolicyError) -> EstimatorQuality? {
    guard !tokens.isEmpty else { return nil }
    let count = Double(tokens.count)
    let sorted = tokens.sorted { $0.confidence < $1.confidence }
    let squares = tokens.reduce(0) {
      let difference = Double($1.confidence) - Double($1.target)
      return $0 + difference * difference
    }
    var error = 0.0
    for bin in 0..<Self.bins {
      let part = sorted[(sorted.count * bin / Self.bins)..<(sorted.count * (bin + 1) / Self.bins)]
      error += abs(part.reduce(0) { $0 + Double($1.confidence) - Double($1.target) })
    }
    return try EstimatorQuality(
      tokens: tokens.count, agreement: Double(tokens.count(where: \.agrees)) / count,
      auc: Self.areaUnderCurve(sorted.map { ($0.confidence, $0.agrees) }), brier: min(1, squares / count),
      calibrationError: min(1, error / count))
  }

  /// By rank sums (Mann and Whitney), equal confidences sharing their mean rank.
  private static func areaUnderCurve(_ sorted: [(Float, Bool)]) -> Double {
    var positives = 0
    var rankSum = 0.0
    var start = 0
    while start < sorted.count {
      var end = start
      while end < sorted.count && sorted[end].0 == sorted[start].0 { end += 1 }
      let hits = sorted[start..<end].count { $0.1 }
      positives += hits
      rankSum += Double(hits) * Double(start + 1 + end) / 2
      start = end
    }
    let negatives = sorted.count - positives
    guard positives > 0, negatives > 0 else { return 0.5 }
    return (rankSum - Double(positives) * Double(positives + 1) / 2) / (Double(positives) * Double(negatives))
  }
}
