import Foundation
import RouterImport
import RouterTensor
import Testing

/// Expected values come from `gguf.dequantize` (Python, 0.19); see .ci/fixtures/gguf_blocks.py.
@Suite struct BlockDecoderTests {
  static let types: [SourceEncoding] = SourceEncoding.allCases.filter { $0 != .f32 }

  struct Blocks {
    let bytes: [UInt8]
    let values: [Float]

    init(_ type: SourceEncoding) throws {
      let file = try SafetensorsFile(InputFile(path: Fixture.path("blocks.safetensors")))
      let blocks = try #require(file.entries["\(type.rawValue).blocks"])
      let values = try #require(file.entries["\(type.rawValue).values"])
      bytes = try file.file.bytes(at: blocks.offset, count: blocks.byteCount)
      self.values = try file.file.bytes(at: values.offset, count: values.byteCount)
        .withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }
  }

  @Test(arguments: types) func decodesEveryTypeBitForBit(type: SourceEncoding) throws {
    let blocks = try Blocks(type)
    var decoded = [Float](repeating: .nan, count: blocks.values.count)
    blocks.bytes.withUnsafeBytes { source in
      decoded.withUnsafeMutableBufferPointer { BlockDecoder.decode(type, source, into: $0) }
    }
    #expect(decoded.map(\.bitPattern) == blocks.values.map(\.bitPattern))
  }

  @Test func decodesAtAnyAlignment() throws {
    let blocks = try Blocks(.q6K)
    var decoded = [Float](repeating: .nan, count: blocks.values.count)
    ([0] + blocks.bytes).withUnsafeBytes { source in
      decoded.withUnsafeMutableBufferPointer {
        BlockDecoder.decode(.q6K, UnsafeRawBufferPointer(rebasing: source[1...]), into: $0)
      }
    }
    #expect(decoded == blocks.values)
  }

  @Test(
    arguments: [
      (SourceEncoding.q80, WeightEncoding.q8), (.q50, .q8), (.q40, .q8), (.q40, .q4), (.q41, .q4),
    ])
  func repackingKeepsEveryValue(source: SourceEncoding, target: WeightEncoding) throws {
    let blocks = try Blocks(source)
    #expect(BlockRepacker.fidelity(from: source, to: target) == .exact)
    #expect(try repacked(blocks, source, target) == blocks.values)
  }

  @Test func repackingQ4KRoundsOnlyScalesAndMinima() throws {
    let blocks = try Blocks(.q4K)
    #expect(BlockRepacker.fidelity(from: .q4K, to: .q4) == .roundedScales)
    let values = try repacked(blocks, .q4K, .q4)
    for (group, first) in stride(from: 0, to: values.count, by: 32).enumerated() {
      // Half an f16 unit in the last place of scale (times at most 15) and minimum, or of a subnormal.
      let block = Array(blocks.bytes[group / 8 * 144..<(group / 8 + 1) * 144])
      let (scale, minimum) = try block.withUnsafeBytes {
        SuperBlock.scaleAndMinimum(try #require($0.baseAddress), group: group % 8)
      }
      let tolerance = (abs(scale) * 15 + abs(minimum)) * 0x1p-11 + 16 * 0x1p-25
      for i in first..<first + 32 { #expect(abs(values[i] - blocks.values[i]) <= tolerance) }
    }
  }

  @Test func everyTypeHasItsOwnNumber() {
    for type in SourceEncoding.allCases {
      #expect(SourceEncoding(ggufNumber: type.format.ggufNumber) == type)
    }
    #expect(SourceEncoding(ggufNumber: 10) == nil)
  }

  @Test func otherPairsAreQuantisedAnew() {
    for (source, target) in [
      (SourceEncoding.q51, WeightEncoding.q8), (.q6K, .q8), (.q80, .q4), (.f32, .q8),
    ] {
      #expect(BlockRepacker.fidelity(from: source, to: target) == nil)
    }
  }

  /// The values of repacked blocks, decoded as the checkpoint's format defines.
  private func repacked(
    _ blocks: Blocks, _ source: SourceEncoding, _ target: WeightEncoding
  ) throws -> [Float] {
    let groups = blocks.values.count / 32
    let descriptor = target.descriptor
    var codes = [UInt8](repeating: 0, count: descriptor.elementByteCount(weights: blocks.values.count))
    let companions = descriptor.companions.map { _ in AlignedBuffer(byteCount: groups * 2) }
    let parts = companions.map { $0.elements(of: UInt16.self) }
    let isRepacked = codes.withUnsafeMutableBytes { codes in
      blocks.bytes.withUnsafeBytes {
        BlockRepacker.repack(source, to: target, $0, into: EncodedPlanes(elements: codes, companions: parts))
      }
    }
    #expect(isRepacked)
    // Pointers do not keep their buffers.
    let (scales, mins) = withExtendedLifetime(companions) {
      (Array(parts[0]), parts.count > 1 ? Array(parts[1]) : [])
    }
    func half(_ bits: UInt16) -> Float { HalfPrecision.float(fromF16: bits) }
    if target == .q8 {
      return codes.enumerated().map { half(scales[$0 / 32]) * Float(Int8(bitPattern: $1)) }
    }
    return codes.enumerated().flatMap { index, byte in
      [byte & 15, byte >> 4].map { half(scales[index / 16]) * Float($0) + half(mins[index / 16]) }
    }
  }
}
