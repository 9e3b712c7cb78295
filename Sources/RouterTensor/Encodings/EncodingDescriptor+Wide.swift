extension EncodingDescriptor {
  static let f32 = EncodingDescriptor(
    dtype: .f32, form: .f32,
    isFinite: { planes in
      let bits = planes.elements.assumingMemoryBound(to: UInt32.self)
      var isFinite = true
      for i in 0..<bits.count { isFinite = isFinite && bits[i] & 0x7F80_0000 != 0x7F80_0000 }
      return isFinite
    },
    encode: { source, planes in planes.elements.copyMemory(from: UnsafeRawBufferPointer(source)) })

  static let bf16 = EncodingDescriptor(
    dtype: .bf16, form: .bf16,
    isFinite: { planes in
      let bits = planes.elements.assumingMemoryBound(to: UInt16.self)
      var isFinite = true
      for i in 0..<bits.count { isFinite = isFinite && bits[i] & 0x7F80 != 0x7F80 }
      return isFinite
    },
    encode: { source, planes in
      let bits = planes.elements.assumingMemoryBound(to: UInt16.self)
      for i in 0..<source.count { bits[i] = HalfPrecision.bf16(from: source[i]) }
    })
}
