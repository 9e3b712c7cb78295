import Foundation
import RouterExit
import RouterRandom
import Testing

@Suite struct SoftmaxStatisticsTests {
  /// The definitions in f64, straight from the formulas.
  struct Reference {
    let maximum: Double
    let margin: Double
    let entropy: Double

    init(_ logits: [Float]) {
      let values = logits.map(Double.init)
      let top = values.max() ?? 0
      let weights = values.map { exp($0 - top) }
      let z = weights.reduce(0, +)
      let p = weights.map { $0 / z }.sorted(by: >)
      maximum = p[0]
      margin = p.count > 1 ? p[0] - p[1] : 1
      entropy = -p.reduce(0) { $1 > 0 ? $0 + $1 * log($1) : $0 }
    }
  }

  static func statistics(_ logits: [Float]) -> SoftmaxStatistics? {
    logits.withUnsafeBufferPointer { SoftmaxStatistics($0) }
  }

  @Test(arguments: Array(1...70) + [1_000, 49_152])
  func agreesWithTheDefinitionsAtEveryTailSize(count: Int) throws {
    var generator = SplitMix64(seed: UInt64(count))
    for scale: Float in [0.01, 1, 20] {
      let logits = (0..<count).map { _ in Float.random(in: -scale...scale, using: &generator) }
      let statistics = try #require(Self.statistics(logits))
      let reference = Reference(logits)
      #expect(abs(Double(statistics.maximumProbability) - reference.maximum) < 2e-6 * reference.maximum)
      #expect(abs(Double(statistics.margin) - reference.margin) < 1e-6)
      #expect(abs(Double(statistics.entropy) - reference.entropy) < 1e-5)
      let argmax = logits.withUnsafeBufferPointer { SoftmaxStatistics.argmax($0) }
      #expect(argmax == logits.firstIndex(of: logits.max()!))
    }
  }

  @Test func readsUnalignedBuffers() throws {
    let logits: [Float] = (0..<40).map { Float($0 % 7) }
    for start in 0..<17 {
      let slice = Array(logits[start...])
      let shifted = logits.withUnsafeBufferPointer {
        SoftmaxStatistics(UnsafeBufferPointer(rebasing: $0[start...]))
      }
      #expect(try #require(shifted) == #require(Self.statistics(slice)))
    }
  }

  @Test func aUniformDistributionHasTheLargestEntropy() throws {
    let statistics = try #require(Self.statistics([Float](repeating: 3, count: 50)))
    #expect(abs(statistics.entropy - Float(log(50.0))) < 1e-5)
    #expect(abs(statistics.normalizedEntropy - 1) < 1e-6)
    #expect(statistics.margin == 0)
  }

  @Test func aOneHotDistributionHasNone() throws {
    let statistics = try #require(Self.statistics([0, 0, 1_000, 0]))
    #expect(statistics.maximumProbability == 1)
    #expect(statistics.margin == 1)
    #expect(statistics.entropy < 1e-30)
  }

  @Test func aVocabularyOfOneIsCertain() throws {
    let statistics = try #require(Self.statistics([7]))
    #expect(statistics.maximumProbability == 1)
    #expect(statistics.margin == 1)
    #expect(statistics.normalizedEntropy == 0)
  }

  @Test func extremeFiniteLogitsStayFinite() throws {
    let statistics = try #require(
      Self.statistics([.greatestFiniteMagnitude, -.greatestFiniteMagnitude, 0, 1e30]))
    #expect(statistics.maximumProbability == 1)
    #expect(statistics.entropy < 1e-30)
    #expect(statistics.normalizedEntropy < 1e-30)
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity, .signalingNaN])
  func nonFiniteLogitsHaveNoStatistics(bad: Float) {
    for count in [1, 15, 16, 17, 64] {
      for position in 0..<count {
        var logits = [Float](repeating: 1, count: count)
        logits[position] = bad
        #expect(Self.statistics(logits) == nil)
        #expect(logits.withUnsafeBufferPointer { SoftmaxStatistics.argmax($0) } == nil)
      }
    }
  }

  @Test func noLogitsHaveNoStatistics() {
    #expect(Self.statistics([]) == nil)
    #expect(SoftmaxStatistics(UnsafeBufferPointer(start: nil, count: 0)) == nil)
  }

  @Test func argmaxTakesTheLowestOfEqualLogits() {
    var logits = [Float](repeating: 0, count: 100)
    logits[71] = 5
    logits[39] = 5
    #expect(logits.withUnsafeBufferPointer { SoftmaxStatistics.argmax($0) } == 39)
  }

  @Test func exponentialKeepsItsStatedAccuracy() {
    // Every 64th f32 between -87 and -1e-9, against the C library in f64.
    var worst = 0.0
    var bits = Float(1e-9).bitPattern
    while bits < Float(87).bitPattern {
      let x = -Float(bitPattern: bits)
      let expected = exp(Double(x))
      worst = max(worst, abs(Double(exponentialOfNonPositive(x)) - expected) / expected)
      bits += 4_099
    }
    #expect(worst < 1e-7)
    #expect(exponentialOfNonPositive(0) == 1)
    #expect(exponentialOfNonPositive(-.infinity) < 2e-38)
    #expect(exponentialOfNonPositive(-1_000) < 2e-38)
    #expect(exponentialOfNonPositive(.nan).isNaN)
  }

  @Test func logarithmKeepsItsStatedAccuracy() {
    for x in [1.0, 1.000_001, 1.4, 1.42, 2, 3, 10, 49_152, 1e6, 128_256.5] {
      #expect(abs(naturalLogarithm(x) - log(x)) <= 1e-14 * max(log(x), 1e-2))
    }
  }
}
