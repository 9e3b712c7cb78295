/// The scales of a Q4_K or Q5_K block: two f16 factors, then eight 6-bit scales and minima in 12 bytes.
package enum SuperBlock {
  /// Scale and minimum of the 32 elements of `group`; an element is `scale * code - minimum`. Both are exact.
  package static func scaleAndMinimum(_ block: UnsafeRawPointer, group: Int) -> (scale: Float, minimum: Float)
  {
    let packed = block + 4
    let scale: UInt8
    let minimum: UInt8
    if group < 4 {
      scale = packed.byte(at: group) & 63
      minimum = packed.byte(at: group + 4) & 63
    } else {
      scale = packed.byte(at: group + 4) & 15 | (packed.byte(at: group - 4) >> 6) << 4
      minimum = packed.byte(at: group + 4) >> 4 | (packed.byte(at: group) >> 6) << 4
    }
    return (block.half(at: 0) * Float(scale), block.half(at: 2) * Float(minimum))
  }
}
