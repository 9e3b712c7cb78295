import RouterTensor

/// Where the parts of a quantised matrix are written: codes, f16 scales and, for q4, f16 minima.
struct QuantizedPlanes {
  /// I8 `[N, K]` for q8, packed U8 `[N, K / 2]` for q4.
  let codes: UnsafeMutableRawBufferPointer
  /// f16 bit patterns `[N, K / 32]`.
  let scales: UnsafeMutableBufferPointer<UInt16>
  /// f16 bit patterns `[N, K / 32]`; empty for q8.
  let mins: UnsafeMutableBufferPointer<UInt16>
}

/// Moves quantised blocks into the checkpoint's layout without a detour through floating point.
enum BlockRepacker {
  /// How well the target encoding represents the source.
  enum Fidelity: Sendable {
    /// Every weight keeps its value.
    case exact
    /// The codes are kept, scales and minima are rounded to f16 (relative error at most 2^-11).
    case roundedScales
  }

  /// How `source` blocks move into `target`, or nil if they must be quantised anew.
  ///
  /// Q4_0's and Q5_0's codes minus their offset are 8-bit codes for the same scale; Q4_0's offset is a minimum of
  /// -8 scales, exact in f16 (overflow is refused later, with every other infinite scale).
  static func fidelity(from source: SourceEncoding, to target: WeightEncoding) -> Fidelity? {
    switch (source, target) {
    case (.q80, .q8), (.q50, .q8), (.q40, .q8), (.q40, .q4), (.q41, .q4): .exact
    case (.q4K, .q4): .roundedScales
    default: nil
    }
  }

  /// Repacks whole blocks.
  ///
  /// - Precondition: `fidelity(from:to:)` is not nil for the pair and the buffers' sizes agree.
  static func repack(
    _ source: SourceEncoding, to target: WeightEncoding, _ bytes: UnsafeRawBufferPointer,
    into planes: QuantizedPlanes
  ) {
    let blocks = bytes.count / source.blockByteCount
    let groups = blocks * source.blockElements / 32
    precondition(
      blocks * source.blockByteCount == bytes.count && planes.scales.count == groups
        && planes.mins.count == (target == .q4 ? groups : 0)
        && planes.codes.count == groups * (target == .q4 ? 16 : 32), "buffers differ in size")
    guard blocks > 0, let first = bytes.baseAddress, let codes = planes.codes.baseAddress else { return }
    for block in 0..<blocks {
      let input = first + block * source.blockByteCount
      switch (source, target) {
      case (.q80, .q8):
        planes.scales[block] = input.word(at: 0)
        (codes + 32 * block).copyMemory(from: input + 2, byteCount: 32)
      case (.q50, .q8):
        planes.scales[block] = input.word(at: 0)
        let high = Int(input.loadUnaligned(fromByteOffset: 2, as: UInt32.self).littleEndian)
        widen(input + 6, high: high, offset: 16, into: codes + 32 * block)
      case (.q40, .q8):
        planes.scales[block] = input.word(at: 0)
        widen(input + 2, high: 0, offset: 8, into: codes + 32 * block)
      case (.q40, .q4):
        planes.scales[block] = input.word(at: 0)
        planes.mins[block] = HalfPrecision.f16(from: -8 * input.half(at: 0))
        interleave(input + 2, into: codes + 16 * block)
      case (.q41, .q4):
        planes.scales[block] = input.word(at: 0)
        planes.mins[block] = input.word(at: 2)
        interleave(input + 4, into: codes + 16 * block)
      case (.q4K, .q4):
        for group in 0..<8 {
          let (scale, minimum) = SuperBlock.scaleAndMinimum(input, group: group)
          planes.scales[8 * block + group] = HalfPrecision.f16(from: scale)
          planes.mins[8 * block + group] = HalfPrecision.f16(from: -minimum)
          pair(input + 16 + group / 2 * 32, shift: group & 1 * 4, into: codes + 16 * (8 * block + group))
        }
      default: preconditionFailure("\(source) does not repack to \(target)")
      }
    }
  }

  /// Nibbles of elements j and j + 16 in byte j, with a fifth bit from `high`, into 32 signed bytes.
  private static func widen(
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
  private static func interleave(_ input: UnsafeRawPointer, into output: UnsafeMutableRawPointer) {
    for j in 0..<8 {
      let even = input.byte(at: 2 * j)
      let odd = input.byte(at: 2 * j + 1)
      output.storeBytes(of: even & 15 | odd << 4, toByteOffset: j, as: UInt8.self)
      output.storeBytes(of: even >> 4 | odd & 0xF0, toByteOffset: 8 + j, as: UInt8.self)
    }
  }

  /// One nibble of each of 32 bytes into 16 bytes in the checkpoint's order.
  private static func pair(_ input: UnsafeRawPointer, shift: Int, into output: UnsafeMutableRawPointer) {
    for j in 0..<16 {
      let even = input.byte(at: 2 * j) >> UInt8(shift) & 15
      let odd = input.byte(at: 2 * j + 1) >> UInt8(shift) & 15
      output.storeBytes(of: even | odd << 4, toByteOffset: j, as: UInt8.self)
    }
  }
}
