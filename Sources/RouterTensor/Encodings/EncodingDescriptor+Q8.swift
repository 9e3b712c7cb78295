import CRouterKernels

extension EncodingDescriptor {
  static let q8 = EncodingDescriptor(
    dtype: .i8, groupSize: GroupQuantization.groupSize, companions: [.scale], form: .tiles(rk_encoding_q8),
    isFinite: { $0.haveFiniteCompanions },
    encode: { source, planes in
      GroupQuantization.encodeQ8(
        source, codes: planes.elements.assumingMemoryBound(to: Int8.self), scales: planes.companions[0])
    })
}

extension GroupQuantization {
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
}
