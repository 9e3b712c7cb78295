import RouterTensor

/// Blocks of 32 elements: an f16 scale, an f16 minimum in Q4_1, 16 bytes of codes.
extension SourceFormat {
  static let q40 = SourceFormat(
    ggufNumber: 2, blockElements: 32, blockByteCount: 2 + 16, nearest: .q4,
    repackings: [
      // Codes less their offset of 8 are 8-bit codes for the same scale.
      .q8: Repacking(.exact) { blocks, target in
        blocks.withEach { block, index in
          target[0][index] = block.word(at: 0)
          Nibbles.widen(block + 2, high: 0, offset: 8, into: target.codes + 32 * index)
        }
      },
      // The offset is a minimum of -8 scales, exact in f16; overflow is refused later, with every other infinite
      // value.
      .q4: Repacking(.exact) { blocks, target in
        blocks.withEach { block, index in
          target[0][index] = block.word(at: 0)
          target[1][index] = HalfPrecision.f16(from: -8 * block.half(at: 0))
          Nibbles.interleave(block + 2, into: target.codes + 16 * index)
        }
      },
    ]
  ) { blocks, output in
    blocks.withEach { block, index in
      decode(block + 2, scale: block.half(at: 0), offset: 8, minimum: nil, into: output + 32 * index)
    }
  }

  static let q41 = SourceFormat(
    ggufNumber: 3, blockElements: 32, blockByteCount: 2 + 2 + 16, nearest: .q4,
    repackings: [
      .q4: Repacking(.exact) { blocks, target in
        blocks.withEach { block, index in
          target[0][index] = block.word(at: 0)
          target[1][index] = block.word(at: 2)
          Nibbles.interleave(block + 4, into: target.codes + 16 * index)
        }
      }
    ]
  ) { blocks, output in
    blocks.withEach { block, index in
      decode(
        block + 4, scale: block.half(at: 0), offset: 0, minimum: block.half(at: 2), into: output + 32 * index)
    }
  }

  /// 16 bytes whose low nibbles are elements 0...15 and whose high nibbles are elements 16...31.
  private static func decode(
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
}
