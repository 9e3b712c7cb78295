/// Quantisation of weights in groups of 32 consecutive elements of a row, as stored in a checkpoint.
package enum GroupQuantization {
  /// Elements that share one scale (and one minimum).
  package static let groupSize = 32

  /// Encodes f32 `[N, K]` as 8-bit codes: `w = scale * code`, code in -127...127.
  ///
  /// The scale is the group's largest magnitude over 127, rounded to f16 before the codes are chosen, so that
  /// the codes are nearest for the scale that is stored.
  ///
  /// - Parameters:
  ///   - source: f32 `[N, K]`, `K` a multiple of 32.
  ///   - codes: I8 `[N, K]`.
  ///   - scales: f16 bit patterns `[N, K / 32]`.
  package static func encodeQ8(
    _ source: UnsafeBufferPointer<Float>, codes: UnsafeMutableBufferPointer<Int8>,
    scales: UnsafeMutableBufferPointer<UInt16>
  ) {
    let groups = groupCount(source.count)
    precondition(codes.count == source.count && scales.count == groups, "q8 buffers differ in size")
    for group in 0..<groups {
      let start = group * groupSize
      var largest: Float = 0
      for i in start..<start + groupSize {
        let magnitude = abs(source[i])
        // A NaN stays: a weight that is no number must not become a plausible one.
        if magnitude > largest || magnitude.isNaN { largest = magnitude }
      }
      let bits = HalfPrecision.f16(from: largest / 127)
      let scale = HalfPrecision.float(fromF16: bits)
      scales[group] = bits
      let inverse = scale > 0 && scale.isFinite ? 1 / scale : 0
      for i in start..<start + groupSize {
        codes[i] = Int8(clampedCode(source[i] * inverse, -127, 127))
      }
    }
  }

  /// Encodes f32 `[N, K]` as 4-bit codes: `w = scale * code + min`, code in 0...15.
  ///
  /// - Parameters:
  ///   - source: f32 `[N, K]`, `K` a multiple of 32.
  ///   - codes: packed `[N, K / 2]`; byte j holds code 2j in its low nibble, code 2j + 1 in its high nibble.
  ///   - scales: f16 bit patterns `[N, K / 32]`.
  ///   - mins: f16 bit patterns `[N, K / 32]`.
  package static func encodeQ4(
    _ source: UnsafeBufferPointer<Float>, codes: UnsafeMutableBufferPointer<UInt8>,
    scales: UnsafeMutableBufferPointer<UInt16>, mins: UnsafeMutableBufferPointer<UInt16>
  ) {
    let groups = groupCount(source.count)
    precondition(
      codes.count * 2 == source.count && scales.count == groups && mins.count == groups,
      "q4 buffers differ in size")
    for group in 0..<groups {
      let start = group * groupSize
      var low = source[start]
      var high = low
      for i in start + 1..<start + groupSize {
        if source[i] < low || source[i].isNaN { low = source[i] }
        high = max(high, source[i])
      }
      let minBits = HalfPrecision.f16(from: low)
      let minimum = HalfPrecision.float(fromF16: minBits)
      let scaleBits = HalfPrecision.f16(from: max(0, high - minimum) / 15)
      let scale = HalfPrecision.float(fromF16: scaleBits)
      scales[group] = scaleBits
      mins[group] = minBits
      let inverse = scale > 0 && scale.isFinite ? 1 / scale : 0
      for pair in 0..<groupSize / 2 {
        let even = clampedCode((source[start + 2 * pair] - minimum) * inverse, 0, 15)
        let odd = clampedCode((source[start + 2 * pair + 1] - minimum) * inverse, 0, 15)
        codes[start / 2 + pair] = UInt8(even) | UInt8(odd) << 4
      }
    }
  }

  private static func groupCount(_ elements: Int) -> Int {
    precondition(elements % groupSize == 0, "a quantised row is a multiple of \(groupSize) elements")
    return elements / groupSize
  }

  /// The nearest integer within bounds; a NaN becomes the lower bound nearest zero.
  private static func clampedCode(_ value: Float, _ lower: Float, _ upper: Float) -> Int {
    guard !value.isNaN else { return 0 }
    return Int(min(max(value.rounded(.toNearestOrEven), lower), upper))
  }
}
