import RouterTensor

extension SourceFormat {
  static let f32 = SourceFormat(
    ggufNumber: 0, blockElements: 1, blockByteCount: 4, nearest: .f32, repackings: [.f32: .copy]
  ) { blocks, output in
    UnsafeMutableRawPointer(output).copyMemory(from: blocks.first, byteCount: 4 * blocks.count)
  }

  static let f16 = SourceFormat(ggufNumber: 1, blockElements: 1, blockByteCount: 2, nearest: .bf16) {
    blocks, output in
    for i in 0..<blocks.count { output[i] = blocks.first.half(at: 2 * i) }
  }

  static let bf16 = SourceFormat(
    ggufNumber: 30, blockElements: 1, blockByteCount: 2, nearest: .bf16, repackings: [.bf16: .copy]
  ) { blocks, output in
    for i in 0..<blocks.count { output[i] = HalfPrecision.float(fromBF16: blocks.first.word(at: 2 * i)) }
  }
}
