import RouterTensor

/// Blocks of 256 elements in groups, whose scales are packed: see ``SuperBlock``.
extension SourceFormat {
  static let q4K = SourceFormat(
    ggufNumber: 12, blockElements: 256, blockByteCount: 2 + 2 + 12 + 128, nearest: .q4,
    repackings: [
      .q4: Repacking(.roundedScales) { blocks, target in
        blocks.withEach { block, index in
          for group in 0..<8 {
            let (scale, minimum) = SuperBlock.scaleAndMinimum(block, group: group)
            let place = 8 * index + group
            target[0][place] = HalfPrecision.f16(from: scale)
            target[1][place] = HalfPrecision.f16(from: -minimum)
            Nibbles.pair(block + 16 + group / 2 * 32, shift: group & 1 * 4, into: target.codes + 16 * place)
          }
        }
      }
    ]
  ) { blocks, output in blocks.withEach { decodeQ4K($0, into: output + 256 * $1) } }

  static let q5K = SourceFormat(
    ggufNumber: 13, blockElements: 256, blockByteCount: 2 + 2 + 12 + 32 + 128, nearest: .q8
  ) { blocks, output in blocks.withEach { decodeQ5K($0, into: output + 256 * $1) } }

  static let q6K = SourceFormat(
    ggufNumber: 14, blockElements: 256, blockByteCount: 128 + 64 + 16 + 2, nearest: .q8
  ) { blocks, output in blocks.withEach { decodeQ6K($0, into: output + 256 * $1) } }

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
