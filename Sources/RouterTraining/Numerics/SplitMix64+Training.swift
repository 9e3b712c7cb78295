import Foundation
import RouterRandom

extension SplitMix64 {
  /// A stream of its own for each combination of seed, purpose and number, so that a run which resumes at some
  /// step draws what the uninterrupted run draws there.
  package init(seed: UInt64, purpose: RandomPurpose, number: Int) {
    var mixer = SplitMix64(seed: seed &+ purpose.rawValue &* 0xD1B5_4A32_D192_ED03)
    self.init(seed: mixer.next() ^ (UInt64(number) &* 0xA24B_AED4_963E_E407))
  }

  /// A normal deviate of mean 0 and variance 1 (Box and Muller, 1958).
  ///
  /// Not ``normal()``, whose logarithm rounds differently: a run that resumes must start as it started before.
  package mutating func initialValue() -> Float {
    let radius = (-2 * log(1 - unit())).squareRoot()
    return Float(radius * cos(2 * Double.pi * unit()))
  }

  /// 0 ..< `count` in the order in which a run visits rows, by the standard library's shuffle.
  ///
  /// Not ``permutation(of:)``, which draws another order: a run that resumes must go on with the order it had.
  package mutating func visitingOrder(of count: Int) -> [Int32] {
    var order = Array(0..<Int32(count))
    order.shuffle(using: &self)
    return order
  }
}
