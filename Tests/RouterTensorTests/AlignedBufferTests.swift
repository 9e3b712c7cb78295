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

  @Test func buffersOfAnArenaAreZeroAlignedAndApart() {
    let sizes = [0, 1, 64, 1000, 3 << 20, 65]
    let arena = MemoryArena(byteCounts: sizes)
    let buffers = sizes.map { arena.buffer(byteCount: $0) }
    for (index, buffer) in buffers.enumerated() {
      #expect(Int(bitPattern: buffer.pointer) % AlignedBuffer.alignment == 0)
      #expect(buffer.bytes.count == sizes[index])
      #expect(buffer.bytes.allSatisfy { $0 == 0 })
      for place in buffer.bytes.indices { buffer.bytes[place] = UInt8(index + 1) }
    }
    for (index, buffer) in buffers.enumerated() {
      #expect(buffer.bytes.allSatisfy { $0 == UInt8(index + 1) })
    }
  }

  @Test func anArenaWithoutRoomGivesMemoryAllTheSame() {
    let arena = MemoryArena(byteCounts: [100])
    let buffers = (0..<40).map { _ in arena.buffer(byteCount: 200_000) }
    for (index, buffer) in buffers.enumerated() { buffer.bytes[199_999] = UInt8(index) }
    for (index, buffer) in buffers.enumerated() { #expect(buffer.bytes[199_999] == UInt8(index)) }
    let small = MemoryArena(byteCounts: []).buffer(byteCount: 3)
    small.bytes[2] = 5
    #expect(small.bytes.elementsEqual([0, 0, 5]))
  }

  @Test func aBufferOutlivesTheNameOfItsArena() {
    var arena: MemoryArena? = MemoryArena(byteCounts: [1 << 20])
    let buffer = arena?.buffer(byteCount: 1 << 20)
    arena = nil
    buffer?.bytes[(1 << 20) - 1] = 9
    #expect(buffer?.bytes[(1 << 20) - 1] == 9)
  }
}
