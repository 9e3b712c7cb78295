import RouterExit

/// What one threshold for all exits would do to teacher-forced tokens: how many would differ from full depth, and
/// how deep tokens would go.
package struct ExitPolicySweep {
  /// Depths, ascending, the last being full depth.
  let exits: [Int]
  /// `[tokens][exits - 1]`, flat: confidence at each exit.
  private(set) var confidences: [Float] = []
  /// `[tokens][exits - 1]`, flat: whether the exit's most probable token is full depth's.
  private(set) var agreements: [Bool] = []

  /// Thresholds that are tried: quantiles of all confidences.
  private static let pointCount = 120
  private static let quantiles = 0.02...0.998

  package init(exits: [Int]) { self.exits = exits }

  package mutating func add(confidence: Float, agrees: Bool) {
    confidences.append(confidence)
    agreements.append(agrees)
  }

  /// The least mean depth of a threshold whose share of differing tokens is at most each risk; full depth if none is.
  package func meanDepths(atRisks risks: [Double]) -> [Double] {
    let columns = exits.count - 1
    guard columns > 0, let full = exits.last, !confidences.isEmpty else { return risks.map { _ in 0 } }
    let sorted = confidences.sorted()
    var best = risks.map { _ in Double(full) }
    for point in 0..<Self.pointCount {
      let share = Double(point) / Double(Self.pointCount - 1)
      let quantile =
        Self.quantiles.lowerBound + share * (Self.quantiles.upperBound - Self.quantiles.lowerBound)
      let outcome = outcome(threshold: Self.quantile(quantile, of: sorted))
      for (index, risk) in risks.enumerated() where outcome.risk <= risk {
        best[index] = min(best[index], outcome.meanDepth)
      }
    }
    return best
  }

  /// Every token leaves at the first exit whose confidence reaches the threshold.
  package func outcome(threshold: Float) -> (risk: Double, meanDepth: Double) {
    let columns = exits.count - 1
    let tokens = confidences.count / max(columns, 1)
    var (wrong, depth) = (0, 0)
    for token in 0..<tokens {
      var leaving = columns
      for column in 0..<columns where confidences[token * columns + column] >= threshold {
        leaving = column
        break
      }
      if leaving < columns, !agreements[token * columns + leaving] { wrong += 1 }
      depth += exits[leaving]
    }
    return (Double(wrong) / Double(max(tokens, 1)), Double(depth) / Double(max(tokens, 1)))
  }

  /// Linear interpolation between order statistics, as NumPy's default.
  private static func quantile(_ share: Double, of sorted: [Float]) -> Float {
    let place = share * Double(sorted.count - 1)
    let low = Int(place)
    let high = min(low + 1, sorted.count - 1)
    return sorted[low] + Float(place - Double(low)) * (sorted[high] - sorted[low])
  }
}
