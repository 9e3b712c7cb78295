import RouterTensor

/// Decodes stored elements into f32, exactly as ggml and its Python package `gguf` define each type.
///
/// Every product below is exact in f32 (an f16 scale times integers of at most 13 bits); only the addition of a
/// minimum rounds. So the results equal the reference's bit for bit.
enum BlockDecoder {
  /// Decodes whole blocks.
  ///
  /// - Parameters:
  ///   - source: whole blocks of `encoding`, at any alignment.
  ///   - target: f32, one for each element of the blocks.
  static func decode(
    _ encoding: SourceEncoding, _ source: UnsafeRawBufferPointer,
    into target: UnsafeMutableBufferPointer<Float>
  ) {
    let blocks = target.count / encoding.blockElements
    precondition(
      target.count == blocks * encoding.blockElements && source.count == blocks * encoding.blockByteCount,
      "buffers differ in size")
    guard blocks > 0, let bytes = source.baseAddress, let output = target.baseAddress else { return }
    switch encoding {
    case .f32:
      UnsafeMutableRawPointer(output).copyMemory(from: bytes, byteCount: source.count)
    case .f16:
      for i in 0..<blocks { output[i] = bytes.half(at: 2 * i) }
    case .bf16:
      for i in 0..<blocks { output[i] = HalfPrecision.float(fromBF16: bytes.word(at: 2 * i)) }
    default:
      for block in 0..<blocks {
        decodeBlock(
          encoding, bytes + block * encoding.blockByteCount, into: output + block * encoding.blockElements)
      }
    }
  }

  private static func decodeBlock(
    _ encoding: SourceEncoding, _ block: UnsafeRawPointer, into output: UnsafeMutablePointer<Float>
  ) {
    switch encoding {
    case .q40: decodeQ4(block + 2, scale: block.half(at: 0), offset: 8, minimum: nil, into: output)
    case .q41:
      decodeQ4(block + 4, scale: block.half(at: 0), offset: 0, minimum: block.half(at: 2), into: output)
    case .q50: decodeQ5(block + 2, scale: block.half(at: 0), offset: 16, minimum: nil, into: output)
    case .q51:
      decodeQ5(block + 4, scale: block.half(at: 0), offset: 0, minimum: block.half(at: 2), into: output)
    case .q80:
      let scale = block.half(at: 0)
      for i in 0..<32 { output[i] = scale * Float(Int8(bitPattern: block.byte(at: 2 + i))) }
    case .q4K: decodeQ4K(block, into: output)
    case .q5K: decodeQ5K(block, into: output)
    case .q6K: decodeQ6K(block, into: output)
    case .f32, .f16, .bf16: preconditionFailure("wide types have no blocks")
    }
  }

  /// 16 bytes whose low nibbles are elements 0...15 and whose high nibbles are elements 16...31.
  private static func decodeQ4(
    _ codes: UnsafeRawPointer, scale: Float, offset: Int, minimum: Float?,
    into output: UnsafeMutablePointer<Float>
  ) {
    for j in 0..<16 {
      let byte = Int(codes.byte(at: j))
      output[j] = scale * Float(byte & 15 - offset)
      output[j + 16] = scale * Float(byte >> 4 - offset)
    }
    if let minimum { for j in 0..<32 { output[j] += minimum } }
  }

  /// A 32-bit word with the fifth bit of each element, then nibbles as in `decodeQ4`.
  private static func decodeQ5(
    _ codes: UnsafeRawPointer, scale: Float, offset: Int, minimum: Float?,
    into output: UnsafeMutablePointer<Float>
  ) {
    let high = Int(codes.loadUnaligned(as: UInt32.self).littleEndian)
    for j in 0..<16 {
      let byte = Int(codes.byte(at: 4 + j))
      output[j] = scale * Float((byte & 15 | (high >> j & 1) << 4) - offset)
      output[j + 16] = scale * Float((byte >> 4 | (high >> (j + 16) & 1) << 4) - offset)
    }
    if let minimum { for j in 0..<32 { output[j] += minimum } }
  }

  private static func decodeQ4K(_ block: UnsafeRawPointer, into output: UnsafeMutablePointer<Float>) {
    for group in 0..<8 {
      let (scale, minimum) = SuperBlock.scaleAndMinimum(block, group: group)
      let codes = block + 16 + group / 2 * 32
      for i in 0..<32 {
        let code = Int(codes.byte(at: i)) >> (group & 1 * 4) & 15
        output[group * 32 + i] = scale * Float(code) - minimum
      }
    }
  }

  private static func decodeQ5K(_ block: UnsafeRawPointer, into output: UnsafeMutablePointer<Float>) {
    let high = block + 16
    for group in 0..<8 {
      let (scale, minimum) = SuperBlock.scaleAndMinimum(block, group: group)
      let codes = block + 48 + group / 2 * 32
      for i in 0..<32 {
        let low = Int(codes.byte(at: i)) >> (group & 1 * 4) & 15
        let code = low | (Int(high.byte(at: i)) >> group & 1) << 4
        output[group * 32 + i] = scale * Float(code) - minimum
      }
    }
  }

  private static func decodeQ6K(_ block: UnsafeRawPointer, into output: UnsafeMutablePointer<Float>) {
    let scale = block.half(at: 208)
    for half in 0..<2 {
      let low = block + 64 * half
      let high = block + 128 + 32 * half
      for quarter in 0..<4 {
        for i in 0..<32 {
          let nibble = Int(low.byte(at: quarter & 1 * 32 + i)) >> (quarter / 2 * 4) & 15
          let code = (nibble | (Int(high.byte(at: i)) >> (2 * quarter) & 3) << 4) - 32
          let group = 8 * half + 2 * quarter + i / 16
          let factor = scale * Float(Int8(bitPattern: block.byte(at: 192 + group)))
          output[128 * half + 32 * quarter + i] = factor * Float(code)
        }
      }
    }
  }
}

/// The scales of a Q4_K or Q5_K block: two f16 factors, then eight 6-bit scales and minima in 12 bytes.
enum SuperBlock {
  /// Scale and minimum of the 32 elements of `group`; an element is `scale * code - minimum`. Both are exact.
  static func scaleAndMinimum(_ block: UnsafeRawPointer, group: Int) -> (scale: Float, minimum: Float) {
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

extension UnsafeRawPointer {
  /// The byte at `offset`.
  func byte(at offset: Int) -> UInt8 { load(fromByteOffset: offset, as: UInt8.self) }

  /// The little-endian 16-bit word at `offset`, at any alignment.
  func word(at offset: Int) -> UInt16 { loadUnaligned(fromByteOffset: offset, as: UInt16.self).littleEndian }

  /// The f16 value at `offset`, at any alignment.
  func half(at offset: Int) -> Float { HalfPrecision.float(fromF16: word(at: offset)) }
}
