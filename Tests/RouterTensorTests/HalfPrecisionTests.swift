import Foundation
import RouterTensor
import Testing

struct HalfPrecisionTests {
  /// IEEE 754-2008, section 3.4: (-1)^s 2^(e - 15) (1 + m / 1024), subnormal (-1)^s 2^-14 m / 1024.
  private func value(ofF16 bits: UInt16) -> Double {
    let sign: Double = bits >> 15 == 0 ? 1 : -1
    let exponent = Int(bits >> 10 & 31)
    let mantissa = Double(bits & 1023) / 1024
    switch exponent {
    case 0: return sign * scalbn(mantissa, -14)
    case 31: return mantissa == 0 ? sign * .infinity : .nan
    default: return sign * scalbn(1 + mantissa, exponent - 15)
    }
  }

  @Test func everyHalfHasTheValueOfTheStandardsFormula() {
    var wrong: [UInt16] = []
    for bits in UInt16.min...UInt16.max {
      let expected = value(ofF16: bits)
      let found = Double(HalfPrecision.float(fromF16: bits))
      let same = expected.isNaN ? found.isNaN : expected == found && expected.sign == found.sign
      if !same { wrong.append(bits) }
    }
    #expect(wrong.isEmpty)
  }

  @Test func everyHalfSurvivesTheWayThroughSinglePrecision() {
    var wrong: [UInt16] = []
    for bits in UInt16.min...UInt16.max {
      let value = HalfPrecision.float(fromF16: bits)
      let back = HalfPrecision.f16(from: value)
      let same = value.isNaN ? HalfPrecision.float(fromF16: back).isNaN : back == bits
      if !same { wrong.append(bits) }
    }
    #expect(wrong.isEmpty)
  }

  /// Between each two neighbouring finite halves: the midpoint goes to the even one, one f32 to either side of
  /// it to the nearer one.
  @Test func roundsToTheNearestHalfAndTiesToEven() {
    var wrong: [UInt16] = []
    for bits in 0..<UInt16(0x7BFF) {
      let low = value(ofF16: bits)
      let high = value(ofF16: bits + 1)
      // Exact in f32: it needs one bit more than a half has.
      let middle = Float((low + high) / 2)
      let even = bits % 2 == 0 ? bits : bits + 1
      let found = [middle, middle.nextDown, middle.nextUp].map(HalfPrecision.f16)
      let mirrored = [-middle, -middle.nextDown, -middle.nextUp].map(HalfPrecision.f16)
      let expected = [even, bits, bits + 1]
      if found != expected || mirrored != expected.map({ $0 | 0x8000 }) { wrong.append(bits) }
    }
    #expect(wrong.isEmpty)
  }

  /// 65,520 is half way between the largest finite half, 65,504, and the next power of two.
  @Test func overflowsToInfinityFromHalfWayOn() {
    #expect(HalfPrecision.f16(from: Float(65520).nextDown) == 0x7BFF)
    #expect(HalfPrecision.f16(from: 65520) == 0x7C00)
    #expect(HalfPrecision.f16(from: -65520) == 0xFC00)
    #expect(HalfPrecision.f16(from: .greatestFiniteMagnitude) == 0x7C00)
    #expect(HalfPrecision.f16(from: .infinity) == 0x7C00)
    #expect(HalfPrecision.f16(from: -0.0) == 0x8000)
    #expect(HalfPrecision.f16(from: .leastNonzeroMagnitude) == 0)
  }

  @Test func everyBrainFloatIsTheUpperHalfOfASingle() {
    var wrong: [UInt16] = []
    for bits in UInt16.min...UInt16.max {
      let value = HalfPrecision.float(fromBF16: bits)
      let back = HalfPrecision.bf16(from: value)
      let same =
        value.bitPattern == UInt32(bits) << 16
        && (value.isNaN ? HalfPrecision.float(fromBF16: back).isNaN : back == bits)
      if !same { wrong.append(bits) }
    }
    #expect(wrong.isEmpty)
  }

  @Test func roundsToTheNearestBrainFloatAndTiesToEven() {
    var wrong: [UInt16] = []
    for sign: UInt16 in [0, 0x8000] {
      for magnitude in 0..<UInt16(0x7F80) {
        let bits = magnitude | sign
        let even = bits % 2 == 0 ? bits : bits + 1
        let cases: [(low: UInt32, expected: UInt16)] = [
          (0x0001, bits), (0x7FFF, bits), (0x8000, even), (0x8001, bits + 1), (0xFFFF, bits + 1),
        ]
        for (low, expected) in cases
        where HalfPrecision.bf16(from: Float(bitPattern: UInt32(bits) << 16 | low)) != expected {
          wrong.append(bits)
        }
      }
    }
    // The largest finite values round up to infinity, as IEEE 754 says.
    #expect(wrong.isEmpty)
    #expect(HalfPrecision.bf16(from: .greatestFiniteMagnitude) == 0x7F80)
  }

  /// A NaN whose payload sits in the lower bits only must not become an infinity.
  @Test(arguments: [0x7F80_0001, 0xFF80_0001, 0x7FC0_0000, 0x7FFF_FFFF] as [UInt32])
  func aNaNStaysANaN(bits: UInt32) {
    let value = Float(bitPattern: bits)
    #expect(HalfPrecision.float(fromF16: HalfPrecision.f16(from: value)).isNaN)
    #expect(HalfPrecision.float(fromBF16: HalfPrecision.bf16(from: value)).isNaN)
  }
}
