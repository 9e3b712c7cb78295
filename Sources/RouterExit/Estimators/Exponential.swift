extension SIMD16<Float> {
  /// exp(x) of 16 values that are at most 0: relative error below 1e-7 for -87 <= x <= 0, at most 2e-38
  /// below.
  ///
  /// Below -87 the result is not a normal f32; exp(-87) stands for it. NaN stays NaN.
  @inline(__always)
  package var exponentialOfNonPositive: SIMD16<Float> { clampedForExponential.exponential }

  /// The values, those below -87 as -87; the comparison is false for NaN, which therefore survives.
  @inline(__always)
  var clampedForExponential: SIMD16<Float> { replacing(with: -87, where: self .< -87) }

  /// exp(x) of 16 values in -87...0.
  ///
  /// x = n ln 2 + r with |r| <= ln 2 / 2; e^r is 1 + r + r^2 q(r), q of degree 4 fitted for the least maximal
  /// relative error on that interval (the error is then that of f32 arithmetic).
  @inline(__always)
  var exponential: SIMD16<Float> {
    // Adding 1.5 * 2^23 rounds to an integer n and leaves n in the low mantissa bits.
    let shifted = self * 1.442_695_04 + 12_582_912
    let n = shifted - 12_582_912
    // ln 2 in two parts: n times the first one is exact.
    let r = self - n * 0.693_359_375 + n * 2.121_944_4e-4
    var q = r * 0.001_395_365_3 + 0.008_375_392
    q = q * r + 0.041_666_836
    q = q * r + 0.166_664_48
    q = q * r + 0.499_999_94
    let power = (q * r) * r + r + 1
    let exponent = unsafeBitCast(shifted, to: SIMD16<UInt32>.self) &- (0x4B40_0000 &- 127)
    return power * unsafeBitCast(exponent &<< 23, to: SIMD16<Float>.self)
  }
}

/// exp(x) of one value that is at most 0, as that of 16.
package func exponentialOfNonPositive(_ x: Float) -> Float {
  SIMD16<Float>(repeating: x).exponentialOfNonPositive[0]
}

/// ln(x) of a positive, finite, normal f64; relative error below 1e-14 for x >= 1.
///
/// x = m 2^e with m in [sqrt(1/2), sqrt(2)); ln m = 2 artanh((m - 1) / (m + 1)) by its Taylor series, whose
/// argument is at most 0.172. It exists so that a decision needs no C library.
package func naturalLogarithm(_ x: Double) -> Double {
  var mantissa = x.significand
  var exponent = Double(x.exponent)
  if mantissa > 1.414_213_562_373_095 {
    mantissa /= 2
    exponent += 1
  }
  let s = (mantissa - 1) / (mantissa + 1)
  let square = s * s
  var series = 0.0
  var degree = 21.0
  while degree > 0 {
    series = series * square + 1 / degree
    degree -= 2
  }
  return exponent * 0.693_147_180_559_945_3 + 2 * s * series
}
