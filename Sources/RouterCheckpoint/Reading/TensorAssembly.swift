internal import RouterTensor
import Synchronization

/// Tensors that grow together from the frames of a file, in any order, on any number of threads.
final class TensorAssembly: Sendable {
  private let stored: StoredTensors
  private let buffers: [Int: AlignedBuffer]
  private let stripes = (0..<64).map { _ in Stripe() }

  /// Elements of a matrix that one lock covers.
  private static let blockElementCount = 1 << 16

  private final class Stripe: Sendable {
    let lock = Mutex(())
  }

  /// - Parameter buffers: zeroed memory by index of the tensor in the model's order; pieces of others are dropped.
  init(_ stored: StoredTensors, buffers: [Int: AlignedBuffer]) {
    self.stored = stored
    self.buffers = buffers
  }

  /// The memory that bytes `range` of the data section go to unchanged; nil if they are of several tensors, or
  /// of a plane.
  func target(for range: Range<Int>) -> UnsafeMutableRawBufferPointer? {
    let indices = stored.indices(in: range)
    guard indices.count == 1, let index = indices.first, stored.destinations[index].plane == .whole,
      let buffer = buffers[stored.destinations[index].tensor]
    else { return nil }
    let start = stored.descriptors[index].byteRange.lowerBound
    return UnsafeMutableRawBufferPointer(
      rebasing: buffer.bytes[range.lowerBound - start..<range.upperBound - start])
  }

  /// Distributes `content`, which is bytes `range` of the data section.
  func add(_ content: UnsafeRawBufferPointer, at range: Range<Int>) {
    for index in stored.indices(in: range) {
      let destination = stored.destinations[index]
      guard let buffer = buffers[destination.tensor] else { continue }
      let whole = stored.descriptors[index].byteRange
      let piece = whole.clamped(to: range)
      let bytes = content[piece.lowerBound - range.lowerBound..<piece.upperBound - range.lowerBound]
      merge(
        UnsafeRawBufferPointer(rebasing: bytes),
        at: piece.lowerBound - whole.lowerBound..<piece.upperBound - whole.lowerBound, of: destination,
        into: buffer
      )
    }
  }

  /// Merges a piece block by block. Both planes of a matrix write to the same words, and their frames arrive
  /// on different threads, so each block has a lock.
  private func merge(
    _ piece: UnsafeRawBufferPointer, at range: Range<Int>, of destination: StoredTensors.Destination,
    into buffer: AlignedBuffer
  ) {
    let dtype = stored.tensors[destination.tensor].dtype
    if destination.plane == .whole {
      return destination.plane.merge(piece, at: range, into: buffer.bytes, dtype)
    }
    let blockByteCount = Self.blockElementCount * destination.plane.elementByteCount(dtype)
    var start = range.lowerBound
    while start < range.upperBound {
      let block = start / blockByteCount
      let end = min((block + 1) * blockByteCount, range.upperBound)
      let bytes = piece[start - range.lowerBound..<end - range.lowerBound]
      stripes[(destination.tensor &+ block) % stripes.count].lock.withLock { _ in
        destination.plane.merge(
          UnsafeRawBufferPointer(rebasing: bytes), at: start..<end, into: buffer.bytes, dtype)
      }
      start = end
    }
  }
}
