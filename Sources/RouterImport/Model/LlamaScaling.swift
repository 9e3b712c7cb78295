import Foundation
import RouterCheckpoint

/// Llama 3.1's frequency scaling, and how to find its parameters again in the factors that GGUF stores.
package enum LlamaScaling {
  /// What divides the frequency of each rotary pair, `[K / 2]`.
  ///
  /// A wavelength of at most `originalContextLength / highFrequencyFactor` keeps its frequency, one of at least
  /// `originalContextLength / lowFrequencyFactor` is divided by `factor`, and between them 1/divisor is
  /// interpolated linearly in 1/wavelength (transformers' `_compute_llama3_parameters`).
  package static func divisors(
    factor: Double, lowFrequencyFactor low: Double, highFrequencyFactor high: Double,
    originalContextLength: Int, base: Double, headWidth: Int
  ) -> [Double] {
    (0..<headWidth / 2).map { pair in
      let turns = Double(originalContextLength) / wavelength(of: pair, base: base, headWidth: headWidth)
      if turns > high { return 1 }
      if turns < low { return factor }
      let smooth = (turns - low) / (high - low)
      return 1 / ((1 - smooth) / factor + smooth)
    }
  }

  /// Finds the scaling that yields `divisors`, exactly up to f32 rounding; nil if there is none.
  ///
  /// Only the ratios of the original context length and the two factors show in the divisors, so the usual low
  /// factor of 1 is taken, and parameters that published models use are preferred to fitted ones.
  ///
  /// - Parameter divisors: f32 values `[K / 2]` of the tensor `rope_freqs.weight`.
  package static func recover(_ divisors: [Double], base: Double, headWidth: Int) -> RotaryScaling? {
    guard divisors.count == headWidth / 2, divisors.allSatisfy({ $0.isFinite && $0 >= 1 }),
      let factor = divisors.last
    else { return nil }
    if divisors.allSatisfy({ $0 == 1 }) { return RotaryScaling.none }
    if divisors.allSatisfy({ $0 == factor }) { return .linear(factor: factor) }

    var candidates: [(high: Double, original: Int)] = [(4, 8192)]
    for power in 9...20 where power != 13 { candidates.append((4, 1 << power)) }
    candidates += fitted(divisors, factor: factor, base: base, headWidth: headWidth)
    for (high, original) in candidates where high > 1 {
      let expected = Self.divisors(
        factor: factor, lowFrequencyFactor: 1, highFrequencyFactor: high, originalContextLength: original,
        base: base, headWidth: headWidth)
      if zip(expected, divisors).allSatisfy({ abs($0 - $1) <= 2e-5 * $1 }) {
        return .llama3(
          factor: factor, lowFrequencyFactor: 1, highFrequencyFactor: high, originalContextLength: original)
      }
    }
    return nil
  }

  /// Parameters from the pairs between the two plateaus: there 1/divisor is linear in 1/wavelength.
  private static func fitted(
    _ divisors: [Double], factor: Double, base: Double, headWidth: Int
  ) -> [(high: Double, original: Int)] {
    var points: [(x: Double, y: Double)] = []
    for (pair, divisor) in divisors.enumerated() where divisor > 1 && divisor < factor {
      points.append(
        (
          1 / wavelength(of: pair, base: base, headWidth: headWidth),
          (1 / divisor - 1 / factor) / (1 - 1 / factor)
        ))
    }
    guard let first = points.first, let last = points.last, first.x > last.x else { return [] }
    // y = (original * x - low) / (high - low), with low = 1.
    let slope = (first.y - last.y) / (first.x - last.x)
    let intercept = first.y - slope * first.x
    guard slope > 0, intercept < 0 else { return [] }
    let high = 1 - 1 / intercept
    let original = slope * (high - 1)
    guard original >= 1, original < 0x1p27 else { return [] }
    let length = Int(original.rounded())
    return [(high.rounded(), length), (high, length)]
  }

  /// Positions after which a pair has turned once, as Double.
  private static func wavelength(of pair: Int, base: Double, headWidth: Int) -> Double {
    2 * Double.pi * pow(base, Double(2 * pair) / Double(headWidth))
  }
}
