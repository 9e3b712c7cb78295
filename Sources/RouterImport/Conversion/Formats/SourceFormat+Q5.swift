import RouterTensor

/// Blocks of 32 elements: an f16 scale, an f16 minimum in Q5_1, a 32-bit word with the fifth bit of each code, 16 bytes
/// with the others.
extension SourceFormat {
  static let q50 = SourceFormat(
    ggufNumber: 6, blockElements: 32, blockByteCount: 2 + 4 + 16, nearest: .q8,
    repackings: [
      // Codes less their offset of 16 are 8-bit codes for the same scale.
      .q8: Repacking(.exact) { blocks, target in
        blocks.withEach { block, index in
          target[0][index] = block.word(at: 0)
          Nibbles.widen(
            block + 6, high: Int(block.word32(at: 2)), offset: 16, into: target.codes + 32 * index)
        }
      }
    ]
  ) { blocks, output in
    blocks.withEach { block, index in
      decode(block + 2, scale: block.half(at: 0), offset: 16, minimum: nil, into: output + 32 * index)
    }
  }

  static let q51 = SourceFormat(
    ggufNumber: 7, blockElements: 32, blockByteCount: 2 + 2 + 4 + 16, nearest: .q8
  ) { blocks, output in
    blocks.withEach { block, index in
      decode(
        block + 4, scale: block.half(at: 0), offset: 0, minimum: block.half(at: 2), into: output + 32 * index)
    }
  }

  /// The word of fifth bits, then nibbles as in Q4_0.
  private static func decode(
    _ codes: UnsafeRawPointer, scale: Float, offset: Int, minimum: Float?,
    into output: UnsafeMutablePointer<Float>
  ) {
    let high = Int(codes.word32(at: 0))
    for j in 0..<16 {
      let byte = Int(codes.byte(at: 4 + j))
      output[j] = scale * Float((byte & 15 | (high >> j & 1) << 4) - offset)
      output[j + 16] = scale * Float((byte >> 4 | (high >> (j + 16) & 1) << 4) - offset)
    }
    if let minimum { for j in 0..<32 { output[j] += minimum } }
  }
}
