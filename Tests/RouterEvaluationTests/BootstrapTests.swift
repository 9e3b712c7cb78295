import RouterEvaluation
import RouterRandom
import Testing

struct BootstrapTests {
  @Test func theMeanIsThatOfTheData() {
    let interval = Bootstrap(count: 4, seed: 1).mean(of: [1, 2, 3, 6])
    #expect(interval.mean == 3)
    #expect(interval.low <= 3 && interval.high >= 3 && interval.low >= 1 && interval.high <= 6)
  }

  @Test func equalValuesHaveNoWidth() {
    #expect(Bootstrap(count: 3, seed: 1).mean(of: [2, 2, 2]) == Interval(mean: 2, low: 2, high: 2))
  }

  /// Long prompts weigh more in a ratio: 1 of 1 and 1 of 9 tokens are 2 of 10.
  @Test func aRatioIsOfSums() {
    #expect(abs(Bootstrap(count: 2, seed: 1).ratio(of: [1, 1], to: [1, 9]).mean - 0.2) < 1e-12)
  }

  @Test func theSeedDecides() {
    let values = (0..<30).map { Double($0 % 7) }
    let first = Bootstrap(count: 30, seed: 1).mean(of: values)
    #expect(Bootstrap(count: 30, seed: 1).mean(of: values) == first)
    #expect(Bootstrap(count: 30, seed: 2).mean(of: values) != first)
  }

  /// Of 200 samples of 60 coin flips, the interval should hold the true mean in about 95 %; fewer than 85 % would
  /// happen once in 10^8 runs if it held in 95 %.
  @Test func theIntervalUsuallyHoldsTheTruth() {
    var random = SplitMix64(seed: 3)
    let hits = (0..<200).count { _ in
      let flips = (0..<60).map { _ in Bool.random(using: &random) ? 1.0 : 0 }
      let interval = Bootstrap(count: 60, resamples: 400, seed: 5).mean(of: flips)
      return interval.low <= 0.5 && interval.high >= 0.5
    }
    #expect(hits >= 170 && hits < 200)
  }
}
