/// Moves 4-bit codes from GGUF's order into a checkpoint's.
enum Nibbles {
  /// Nibbles of elements j and j + 16 in byte j, with a fifth bit from `high`, into 32 signed bytes.
  static func widen(
    _ input: UnsafeRawPointer, high: Int, offset: Int, into output: UnsafeMutableRawPointer
  ) {
    for j in 0..<16 {
      let byte = Int(input.byte(at: j))
      let first = (byte & 15 | (high >> j & 1) << 4) - offset
      let second = (byte >> 4 | (high >> (j + 16) & 1) << 4) - offset
      output.storeBytes(of: Int8(first), toByteOffset: j, as: Int8.self)
      output.storeBytes(of: Int8(second), toByteOffset: j + 16, as: Int8.self)
    }
  }

  /// GGUF's nibble order (byte j: elements j and j + 16) into the checkpoint's (byte j: 2j and 2j + 1).
  static func interleave(_ input: UnsafeRawPointer, into output: UnsafeMutableRawPointer) {
    for j in 0..<8 {
      let even = input.byte(at: 2 * j)
      let odd = input.byte(at: 2 * j + 1)
      output.storeBytes(of: even & 15 | odd << 4, toByteOffset: j, as: UInt8.self)
      output.storeBytes(of: even >> 4 | odd & 0xF0, toByteOffset: 8 + j, as: UInt8.self)
    }
  }

  /// One nibble of each of 32 bytes into 16 bytes in the checkpoint's order.
  static func pair(_ input: UnsafeRawPointer, shift: Int, into output: UnsafeMutableRawPointer) {
    for j in 0..<16 {
      let even = input.byte(at: 2 * j) >> UInt8(shift) & 15
      let odd = input.byte(at: 2 * j + 1) >> UInt8(shift) & 15
      output.storeBytes(of: even | odd << 4, toByteOffset: j, as: UInt8.self)
    }
  }
}
