import CRouterKernels

/// Loops that only read, or only multiply, on a team of threads: what the machine can do at best.
package struct MachineProbe: Sendable {
  private let team: ThreadTeam
  /// `nonisolated(unsafe)`: the table is a constant of the program.
  private nonisolated(unsafe) let probes: UnsafePointer<rk_probes>

  /// How memory is walked through.
  package enum Pattern: Sendable, CaseIterable {
    /// From the first byte to the last.
    case contiguous
    /// Four streams side by side.
    case interleaved
  }

  /// What is multiplied.
  package enum Arithmetic: Sendable, CaseIterable {
    /// 8-bit dot products that add up in 32 bits.
    case int8
    /// f32 multiply-adds.
    case f32
  }

  /// Bytes that a thread takes at once.
  private static let chunkByteCount = 2 << 20
  /// Rounds that a thread takes at once: about a tenth of a millisecond.
  private static let roundsPerChunk = 50_000

  package init(team: ThreadTeam, kernels: Kernels = .best) {
    self.team = team
    probes = rk_probes_for(kernels.table.pointee.isa)
  }

  /// Memory to read, every page of it touched.
  ///
  /// - Parameter byteCount: rounded up to whole chunks of 2 MiB.
  package func makeBuffer(byteCount: Int) -> AlignedBuffer {
    let chunks = (byteCount + Self.chunkByteCount - 1) / Self.chunkByteCount
    let buffer = AlignedBuffer(byteCount: chunks * Self.chunkByteCount)
    team.run(chunks: chunks) { chunk in
      (buffer.pointer + chunk * Self.chunkByteCount).initializeMemory(
        as: UInt8.self, repeating: UInt8(truncatingIfNeeded: chunk | 1), count: Self.chunkByteCount)
    }
    return buffer
  }

  /// Reads all of a buffer from `makeBuffer` once.
  ///
  /// - Returns: bytes read.
  package func read(_ buffer: AlignedBuffer, _ pattern: Pattern) -> Int {
    let base = buffer.pointer.assumingMemoryBound(to: UInt8.self)
    team.run(chunks: buffer.byteCount / Self.chunkByteCount) { chunk in
      _ = probes.pointee.read(
        base + chunk * Self.chunkByteCount, Self.chunkByteCount, pattern == .interleaved ? 1 : 0)
    }
    return buffer.byteCount
  }

  /// Multiplies and adds for about a millisecond on every thread.
  ///
  /// - Returns: operations, a multiplication and an addition counting as two.
  package func compute(_ arithmetic: Arithmetic) -> Int {
    let chunks = team.threadCount * 8
    team.run(chunks: chunks) { _ in
      switch arithmetic {
      case .int8: _ = probes.pointee.int8(Self.roundsPerChunk)
      case .f32: _ = probes.pointee.f32(Self.roundsPerChunk)
      }
    }
    let perRound =
      switch arithmetic {
      case .int8: probes.pointee.int8_operations
      case .f32: probes.pointee.f32_operations
      }
    return chunks * Self.roundsPerChunk * perRound
  }
}
