import Foundation

/// A small, seedable generator of random numbers that are the same on every machine: SplitMix64 (Steele, Lea and
/// Flood, "Fast splittable pseudorandom number generators", 2014).
package struct SplitMix64: RandomNumberGenerator, Sendable {
  @usableFromInline
  var state: UInt64

  /// Starts a stream; equal seeds give equal streams.
  @inlinable
  package init(seed: UInt64) { state = seed }

  /// 64 random bits.
  @inlinable
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A uniform number in 0 ..< 1 with 53 random bits.
  @inlinable
  package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A uniform number in 0 ..< `count`, `count` positive.
  ///
  /// One draw each, so that streams stay in step; the bias is below `count` / 2^64.
  @inlinable
  package mutating func index(below count: Int) -> Int {
    Int(next().multipliedFullWidth(by: UInt64(count)).high)
  }

  /// A normal deviate of mean 0 and variance 1 (Box and Muller, 1958).
  package mutating func normal() -> Double {
    // Half a unit of the last place keeps the logarithm's argument above 0.
    let radius = (-2 * log((Double(next() >> 11) + 0.5) * 0x1p-53)).squareRoot()
    return radius * cos(2 * .pi * unit())
  }

  /// 0 ..< `count` in random order (Fisher-Yates): the same with every version of Swift, whose own shuffle does
  /// not promise that.
  package mutating func permutation(of count: Int) -> [Int] {
    var order = Array(0..<max(0, count))
    for last in order.indices.dropFirst().reversed() { order.swapAt(index(below: last + 1), last) }
    return order
  }
}
