import Foundation
import RouterCalibration
import Testing

@Suite struct BinomialTests {
  /// Relative distance, for values that may be tiny.
  static func distance(_ value: Double, _ expected: Double) -> Double {
    expected == 0 ? abs(value) : abs(value / expected - 1)
  }

  @Test(arguments: StatisticsFixture.binomials.indices)
  func agreesWithScipy(index: Int) {
    let row = StatisticsFixture.binomials[index]
    // scipy's own pmf loses digits at n = 1e5; the tails are incomplete beta functions there.
    #expect(Self.distance(Binomial.probability(row.k, n: row.n, p: row.p), row.probability) < 1e-9)
    #expect(Self.distance(Binomial.lowerTail(row.k, n: row.n, p: row.p), row.lowerTail) < 1e-9)
  }

  /// Sums of exact integers over 2^n: no outside reference needed.
  @Test func isExactForFairCoins() {
    for n in 1...40 {
      var coefficient = 1.0
      var sum = 0.0
      for k in 0...n {
        sum += coefficient
        let expected = sum / Double(sign: .plus, exponent: n, significand: 1)
        #expect(Self.distance(Binomial.lowerTail(k, n: n, p: 0.5), expected) < 1e-13)
        coefficient *= Double(n - k) / Double(k + 1)
      }
    }
  }

  @Test func probabilitiesSumToOne() {
    for (n, p) in [(1, 0.3), (17, 0.01), (1_000, 0.999), (20_000, 0.02)] {
      let total = (0...n).reduce(0) { $0 + Binomial.probability($1, n: n, p: p) }
      #expect(abs(total - 1) < 1e-11)
    }
  }

  @Test func certainAndImpossibleOutcomes() {
    #expect(Binomial.lowerTail(-1, n: 10, p: 0.5) == 0)
    #expect(Binomial.lowerTail(10, n: 10, p: 0.5) == 1)
    #expect(Binomial.lowerTail(0, n: 10, p: 0) == 1)
    #expect(Binomial.lowerTail(9, n: 10, p: 1) == 0)
    #expect(Binomial.probability(0, n: 0, p: 0.5) == 1)
    #expect(Binomial.probability(11, n: 10, p: 0.5) == 0)
  }

  @Test func theTailGrowsWithKAndFallsWithP() {
    for n in [5, 59, 1_001] {
      var previous = 0.0
      for k in 0...n {
        let tail = Binomial.lowerTail(k, n: n, p: 0.37)
        #expect(tail >= previous - 1e-12)
        previous = tail
      }
      let falling = stride(from: 0.01, to: 1, by: 0.01).map { Binomial.lowerTail(n / 3, n: n, p: $0) }
      #expect(zip(falling, falling.dropFirst()).allSatisfy { $0 >= $1 - 1e-12 })
    }
  }
}
