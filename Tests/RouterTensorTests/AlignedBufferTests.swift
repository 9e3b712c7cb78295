import RouterTensor
import Testing

struct AlignedBufferTests {
  /// Small blocks come from the allocator, from about a mebibyte on from the system.
  @Test(arguments: [0, 1, 63, 64, 65, (1 << 20) - 129, 1 << 20, (1 << 20) + 1, 3 << 20])
  func memoryIsZeroAlignedAndWritableToItsEnd(byteCount: Int) {
    let buffer = AlignedBuffer(byteCount: byteCount)
    #expect(Int(bitPattern: buffer.pointer) % AlignedBuffer.alignment == 0)
    #expect(buffer.bytes.count == byteCount)
    #expect(buffer.bytes.allSatisfy { $0 == 0 })
    if byteCount > 0 {
      buffer.bytes[byteCount - 1] = 7
      #expect(buffer.bytes[byteCount - 1] == 7)
    }
  }

  @Test func elementsAreThoseThatFitWhole() {
    #expect(AlignedBuffer(byteCount: 11).elements(of: Float.self).count == 2)
    #expect(AlignedBuffer(byteCount: 11).elements(of: UInt16.self).count == 5)
  }
}
