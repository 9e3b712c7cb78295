import CRouterKernels

extension EncodingDescriptor {
  static let q4 = EncodingDescriptor(
    dtype: .u8, columnsPerElement: 2, groupSize: GroupQuantization.groupSize, companions: [.scale, .min],
    form: .tiles(rk_encoding_q4),
    isFinite: { $0.haveFiniteCompanions },
    encode: { source, planes in
      GroupQuantization.encodeQ4(
        source, codes: planes.elements.assumingMemoryBound(to: UInt8.self), scales: planes.companions[0],
        mins: planes.companions[1])
    })
}

extension GroupQuantization {
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
}
