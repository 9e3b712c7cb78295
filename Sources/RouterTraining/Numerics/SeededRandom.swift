import Foundation

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014): small, seedable,
/// and the same on every machine.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  /// A stream of its own for each combination of seed, purpose and number, so that a run which resumes at some
  /// step draws what the uninterrupted run draws there.
  init(seed: UInt64, purpose: Purpose, number: Int) {
    var mixer = SeededRandom(state: seed &+ purpose.rawValue &* 0xD1B5_4A32_D192_ED03)
    state = mixer.next() ^ (UInt64(number) &* 0xA24B_AED4_963E_E407)
  }

  private init(state: UInt64) { self.state = state }

  /// What a stream is drawn for.
  enum Purpose: UInt64 {
    case initialValues = 1
    case order, vocabulary, exits, rounding
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// A uniform number in 0 ..< 1 with 53 random bits.
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A normal deviate of mean 0 and variance 1 (Box and Muller, 1958).
  mutating func normal() -> Float {
    let radius = (-2 * log(1 - unit())).squareRoot()
    return Float(radius * cos(2 * Double.pi * unit()))
  }

  /// 0 ..< count in random order.
  mutating func permutation(of count: Int) -> [Int32] {
    var order = (0..<Int32(count)).map { $0 }
    order.shuffle(using: &self)
    return order
  }
}
