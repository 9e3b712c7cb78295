import RouterTensor

/// Blocks of 32 elements: an f16 scale, 32 signed bytes.
extension SourceFormat {
  static let q80 = SourceFormat(
    ggufNumber: 8, blockElements: 32, blockByteCount: 2 + 32, nearest: .q8,
    repackings: [
      .q8: Repacking(.exact) { blocks, target in
        blocks.withEach { block, index in
          target[0][index] = block.word(at: 0)
          (target.codes + 32 * index).copyMemory(from: block + 2, byteCount: 32)
        }
      }
    ]
  ) { blocks, output in
    blocks.withEach { block, index in
      let scale = block.half(at: 0)
      for i in 0..<32 { output[32 * index + i] = scale * Float(Int8(bitPattern: block.byte(at: 2 + i))) }
    }
  }
}
