/// What the usual confidence measures need to know about `softmax(logits)`, at temperature 1.
///
/// Two passes over the logits and no memory: one for the two largest logits, one for Z = sum of exp(x - max)
/// and for the sum of (x - max) exp(x - max). Non-finite logits have no statistics.
///
/// - Complexity: O(V); allocates nothing.
public struct SoftmaxStatistics: Sendable, Equatable {
  /// V, the number of logits.
  public let count: Int

  /// The largest logit.
  public let maximumLogit: Float

  /// The second largest logit; equal to `maximumLogit` for a tie and for a vocabulary of one.
  public let runnerUpLogit: Float

  /// Z: the sum of exp(x - `maximumLogit`), in 1...V.
  public let partition: Double

  /// The sum of (x - `maximumLogit`) exp(x - `maximumLogit`), at most 0.
  public let weightedSum: Double

  /// Computes the statistics of f32 logits `[V]`; `nil` if there are none or if one is NaN or infinite.
  public init?(_ logits: UnsafeBufferPointer<Float>) {
    guard let base = logits.baseAddress, let top = Self.topTwo(base, logits.count) else { return nil }
    let sums = Self.sums(base, logits.count, maximum: top.maximum)
    // Comparisons ignore NaN, sums keep it: no further pass is needed to look for it.
    guard top.maximum.isFinite, top.minimum.isFinite, sums.partition.isFinite else { return nil }
    count = logits.count
    maximumLogit = top.maximum
    runnerUpLogit = top.runnerUp
    partition = sums.partition
    weightedSum = sums.weightedSum
  }

  /// Takes over what an engine has computed; `nil` if there is no logit or one is NaN or infinite.
  package init?(
    count: Int, largest: Float, second: Float, smallest: Float, partition: Double, weightedSum: Double
  ) {
    guard count > 0, largest.isFinite, smallest.isFinite, partition.isFinite else { return nil }
    self.count = count
    maximumLogit = largest
    runnerUpLogit = second
    self.partition = partition
    self.weightedSum = weightedSum
  }

  /// p1 = 1 / Z, the probability of the most likely token, in 1/V...1.
  public var maximumProbability: Float { Float(1 / partition) }

  /// p1 - p2, the distance between the two most likely tokens, in 0...1; 1 for a vocabulary of one.
  public var margin: Float {
    guard count > 1 else { return 1 }
    let runnerUp = SIMD16<Float>(repeating: runnerUpLogit - maximumLogit).exponentialOfNonPositive[0]
    return Float((1 - Double(runnerUp)) / partition)
  }

  /// H = ln Z - (weighted sum) / Z, the entropy of the distribution in nats, in 0...ln V.
  public var entropy: Float {
    Float(max(0, naturalLogarithm(partition) - weightedSum / partition))
  }

  /// H / ln V, in 0...1; 0 for a vocabulary of one.
  public var normalizedEntropy: Float {
    guard count > 1 else { return 0 }
    return min(1, entropy / Float(naturalLogarithm(Double(count))))
  }

  /// Index of the largest of the f32 logits `[V]`, the lowest one for a tie; `nil` if there are none or if
  /// one is NaN or infinite.
  ///
  /// - Complexity: O(V); allocates nothing.
  public static func argmax(_ logits: UnsafeBufferPointer<Float>) -> Int? {
    guard let base = logits.baseAddress, let maximum = finiteMaximum(base, logits.count) else {
      return nil
    }
    let raw = UnsafeRawPointer(base)
    let wanted = SIMD16<Float>(repeating: maximum)
    var index = 0
    while index + 16 <= logits.count {
      let values = raw.loadUnaligned(
        fromByteOffset: index &* MemoryLayout<Float>.stride, as: SIMD16<Float>.self)
      if any(values .== wanted) { break }
      index &+= 16
    }
    while index < logits.count && base[index] != maximum { index &+= 1 }
    return index < logits.count ? index : nil
  }
}

extension SoftmaxStatistics {
  /// The two largest and the smallest of `count` values, NaN ignored; `nil` for no values.
  static func topTwo(
    _ base: UnsafePointer<Float>, _ count: Int
  ) -> (maximum: Float, runnerUp: Float, minimum: Float)? {
    guard count > 0 else { return nil }
    let raw = UnsafeRawPointer(base)
    // Eight lanes: with sixteen the three accumulators spill from SSE's sixteen registers (15 us, not 6).
    var best = SIMD8<Float>(repeating: -.infinity)
    var second = best
    var least = SIMD8<Float>(repeating: .infinity)
    var index = 0
    while index + 8 <= count {
      let x = raw.loadUnaligned(
        fromByteOffset: index &* MemoryLayout<Float>.stride, as: SIMD8<Float>.self)
      let lower = best.replacing(with: x, where: x .< best)
      second.replace(with: lower, where: lower .> second)
      best.replace(with: x, where: x .> best)
      least.replace(with: x, where: x .< least)
      index &+= 8
    }
    var maximum = -Float.infinity
    var runnerUp = -Float.infinity
    var minimum = least.min()
    func insert(_ value: Float) {
      if value > maximum {
        runnerUp = maximum
        maximum = value
      } else if value > runnerUp {
        runnerUp = value
      }
    }
    for lane in 0..<8 {
      insert(best[lane])
      insert(second[lane])
    }
    while index < count {
      insert(base[index])
      if base[index] < minimum { minimum = base[index] }
      index &+= 1
    }
    return (maximum, count > 1 ? runnerUp : maximum, minimum)
  }

  /// The largest of `count` values; `nil` for no values or for one that is not finite.
  static func finiteMaximum(_ base: UnsafePointer<Float>, _ count: Int) -> Float? {
    guard count > 0 else { return nil }
    let raw = UnsafeRawPointer(base)
    var best = SIMD16<Float>(repeating: -.infinity)
    // x - x is 0 for a finite x and NaN otherwise, so one bad value poisons the sum.
    var poison = SIMD16<Float>.zero
    var index = 0
    while index + 16 <= count {
      let x = raw.loadUnaligned(
        fromByteOffset: index &* MemoryLayout<Float>.stride, as: SIMD16<Float>.self)
      poison += x - x
      best.replace(with: x, where: x .> best)
      index &+= 16
    }
    var maximum = best.max()
    var tailPoison = poison.sum()
    while index < count {
      let x = base[index]
      tailPoison += x - x
      if x > maximum { maximum = x }
      index &+= 1
    }
    return tailPoison == 0 ? maximum : nil
  }

  /// Z and the weighted sum, relative to `maximum`, of `count` values that do not exceed it; NaN makes both
  /// NaN.
  static func sums(
    _ base: UnsafePointer<Float>, _ count: Int, maximum: Float
  ) -> (partition: Double, weightedSum: Double) {
    let raw = UnsafeRawPointer(base)
    let shift = SIMD16<Float>(repeating: maximum)
    var partition = 0.0
    var weightedSum = 0.0
    var index = 0
    while index + 16 <= count {
      // f32 lanes take at most 64 terms before they go to the f64 totals, which keeps rounding below 1e-6.
      let end = min(count & ~15, index + 16 * 64)
      var blockPartition = SIMD16<Float>.zero
      var blockWeighted = SIMD16<Float>.zero
      while index < end {
        let values = raw.loadUnaligned(
          fromByteOffset: index &* MemoryLayout<Float>.stride, as: SIMD16<Float>.self)
        let x = (values - shift).clampedForExponential
        let e = x.exponential
        blockPartition += e
        blockWeighted += x * e
        index &+= 16
      }
      partition += Double(blockPartition.sum())
      weightedSum += Double(blockWeighted.sum())
    }
    if index < count {
      var values = SIMD16<Float>(repeating: maximum)
      for lane in 0..<(count - index) { values[lane] = base[index + lane] }
      let x = (values - shift).clampedForExponential
      let e = x.exponential
      for lane in 0..<(count - index) {
        partition += Double(e[lane])
        weightedSum += Double(x[lane] * e[lane])
      }
    }
    return (partition, weightedSum)
  }
}
