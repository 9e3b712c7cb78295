import RouterRandom

/// Draws resamples of prompts, the same ones for every quantity, so that intervals can be compared.
package struct Bootstrap: Sendable {
  /// The share of resampled means that an interval holds.
  package static let level = 0.95

  /// `[resamples][count]`: how often each prompt was drawn.
  private let weights: [[UInt16]]

  /// - Parameters:
  ///   - count: prompts.
  ///   - resamples: draws, each of `count` prompts with replacement.
  package init(count: Int, resamples: Int = 1000, seed: UInt64) {
    precondition(count > 0 && resamples > 0, "\(resamples) resamples of \(count) prompts")
    var random = SplitMix64(seed: seed)
    weights = (0..<resamples).map { _ in
      var drawn = [UInt16](repeating: 0, count: count)
      for _ in 0..<count { drawn[Int.random(in: 0..<count, using: &random)] &+= 1 }
      return drawn
    }
  }

  /// The mean over prompts.
  package func mean(of values: [Double]) -> Interval {
    ratio(of: values, to: values.map { _ in 1 })
  }

  /// The sum of `parts` over the sum of `wholes`, such as agreeing tokens over tokens.
  package func ratio(of parts: [Double], to wholes: [Double]) -> Interval {
    precondition(
      parts.count == wholes.count && parts.count == weights[0].count, "one value for each prompt is needed")
    let means = weights.compactMap { drawn -> Double? in
      var (part, whole) = (0.0, 0.0)
      for (index, count) in drawn.enumerated() where count > 0 {
        part += Double(count) * parts[index]
        whole += Double(count) * wholes[index]
      }
      return whole > 0 ? part / whole : nil
    }.sorted()
    let mean = parts.reduce(0, +) / wholes.reduce(0, +)
    guard let last = means.indices.last else { return Interval(mean: mean, low: mean, high: mean) }
    let tail = (1 - Self.level) / 2
    return Interval(
      mean: mean, low: means[Int((Double(last) * tail).rounded())],
      high: means[Int((Double(last) * (1 - tail)).rounded())])
  }
}
