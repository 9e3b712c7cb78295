import RouterRandom
import RouterTensor
import RouterTestSupport
import Testing

/// How far quantised weights lie from what they were made of.
struct GroupQuantizationTests {
  private struct Q8 {
    var codes: [Int8]
    var scales: [UInt16]

    init(_ source: [Float]) {
      codes = .init(repeating: 99, count: source.count)
      scales = .init(repeating: 0xFFFF, count: source.count / 32)
      source.withUnsafeBufferPointer { input in
        codes.withUnsafeMutableBufferPointer { codes in
          scales.withUnsafeMutableBufferPointer {
            GroupQuantization.encodeQ8(input, codes: codes, scales: $0)
          }
        }
      }
    }

    func scale(_ i: Int) -> Float { HalfPrecision.float(fromF16: scales[i / 32]) }
    subscript(i: Int) -> Float { scale(i) * Float(codes[i]) }
  }

  private struct Q4 {
    var codes: [UInt8]
    var scales: [UInt16]
    var mins: [UInt16]

    init(_ source: [Float]) {
      codes = .init(repeating: 0xFF, count: source.count / 2)
      scales = .init(repeating: 0xFFFF, count: source.count / 32)
      mins = scales
      source.withUnsafeBufferPointer { input in
        codes.withUnsafeMutableBufferPointer { codes in
          scales.withUnsafeMutableBufferPointer { scales in
            mins.withUnsafeMutableBufferPointer {
              GroupQuantization.encodeQ4(input, codes: codes, scales: scales, mins: $0)
            }
          }
        }
      }
    }

    func scale(_ i: Int) -> Float { HalfPrecision.float(fromF16: scales[i / 32]) }
    func code(_ i: Int) -> UInt8 { codes[i / 2] >> (i % 2 == 0 ? 0 : 4) & 15 }
    subscript(i: Int) -> Float { scale(i) * Float(code(i)) + HalfPrecision.float(fromF16: mins[i / 32]) }
  }

  /// Groups of magnitudes from 2^-20, where the scale is a subnormal half, to 2^12.
  private func weights(seed: UInt64) -> [Float] {
    var random = SplitMix64(seed: seed)
    return (-20...12).flatMap { exponent in
      (0..<4).flatMap { _ in
        random.floats(32, amplitude: Float(sign: .plus, exponent: exponent, significand: 1))
      }
    }
  }

  /// Half a step of the stored scale; where that scale is a subnormal half, its rounding times the code.
  @Test func q8ErrorIsAtMostHalfAStep() {
    let source = weights(seed: 51)
    let stored = Q8(source)
    for i in source.indices {
      let bound = max(stored.scale(i) * 0.5001, 127 * 0x1p-25)
      #expect(abs(source[i] - stored[i]) <= bound, "\(source[i])")
      #expect(stored.codes[i] >= -127)
    }
  }

  @Test func q8CodesAreNearestForTheStoredScale() {
    let source = weights(seed: 52)
    let stored = Q8(source)
    for i in source.indices {
      let error = abs(source[i] - stored[i])
      for step: Float in [-1, 1] {
        let other = Float(stored.codes[i]) + step
        guard abs(other) <= 127 else { continue }
        #expect(error <= abs(source[i] - stored.scale(i) * other) * (1 + 0x1p-20))
      }
    }
  }

  /// Half a step, the rounding of the minimum, and that of a scale or minimum that is a subnormal half.
  @Test func q4ErrorIsAtMostHalfAStepAndTheMinimumsRounding() {
    var source = weights(seed: 53)
    // All above zero, so that the minimum is positive too.
    source += source.map { abs($0) + 1 }
    let stored = Q4(source)
    for group in 0..<source.count / 32 {
      let low = source[group * 32..<group * 32 + 32].min() ?? 0
      for i in group * 32..<group * 32 + 32 {
        let bound = stored.scale(i) * 0.51 + abs(low) * 0x1p-11 + 16 * 0x1p-25
        #expect(abs(source[i] - stored[i]) <= bound, "\(source[i])")
      }
    }
  }

  @Test func q4PacksPairsLowNibbleFirst() {
    let stored = Q4((0..<32).map { Float($0 % 16) })
    let half: [UInt8] = [0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE]
    #expect(stored.codes == half + half)
    #expect(stored.scales == [0x3C00] && stored.mins == [0])
  }

  @Test func aConstantGroupIsExact() {
    for value: Float in [0, -0.0, 1, -0.25, 100] {
      let group = [Float](repeating: value, count: 32)
      let (q8, q4) = (Q8(group), Q4(group))
      #expect((0..<32).allSatisfy { q4[$0] == value })
      #expect((0..<32).allSatisfy { abs(q8[$0] - value) <= abs(value) * 0x1p-10 })
    }
  }

  /// What is no number, or too large for a half-precision scale, is not silently made a plausible weight.
  @Test(arguments: [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude])
  func whatCannotBeRepresentedNeitherTrapsNorLooksPlausible(value: Float) {
    var group = [Float](repeating: 0.5, count: 64)
    group[5] = value
    let (q8, q4) = (Q8(group), Q4(group))
    #expect(
      (32..<64).allSatisfy { abs(q8[$0] - 0.5) < 0.01 && q4[$0] == 0.5 }, "the other group is untouched")
    #expect(!q8[5].isFinite)
    #expect(!q4[5].isFinite)
  }
}
