internal import RouterTensor
import Synchronization

/// Memory for the tensors of one section after another.
///
/// Touching fresh memory costs more than decompressing into it, and the layers of a model are alike: what one
/// layer's reader has let go serves the next.
final class BufferPool: Sendable {
  private struct State {
    var free: [Int: [AlignedBuffer]] = [:]
    /// Buffers of each size that are still to be asked for.
    var wanted: [Int: Int]
  }

  private let state: Mutex<State>

  /// - Parameter byteCounts: the size of every buffer that will be asked for.
  init(byteCounts: some Sequence<Int>) {
    state = Mutex(State(wanted: Dictionary(byteCounts.map { ($0, 1) }, uniquingKeysWith: +)))
  }

  /// Memory of `byteCount` bytes, which are zero if `zeroed`.
  func take(byteCount: Int, zeroed: Bool) -> AlignedBuffer {
    let used = state.withLock { state in
      state.wanted[byteCount, default: 1] -= 1
      return state.free[byteCount]?.popLast()
    }
    guard let used else { return AlignedBuffer(byteCount: byteCount) }
    if zeroed { used.bytes.initializeMemory(as: UInt8.self, repeating: 0) }
    return used
  }

  /// Takes back a buffer unless somebody else still holds it or nobody will want it.
  func giveBack(_ buffer: consuming AlignedBuffer) {
    var buffer = buffer
    guard isKnownUniquelyReferenced(&buffer) else { return }
    let returned = buffer
    state.withLock { state in
      let size = returned.byteCount
      if state.free[size, default: []].count < state.wanted[size, default: 0] {
        state.free[size, default: []].append(returned)
      }
    }
  }
}
