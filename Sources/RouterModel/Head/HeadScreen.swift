import RouterTensor
import Synchronization

/// The screen of a model's head: made from the inputs that the head gets first, then shared by all sessions.
///
/// Which inputs come first changes the speed and never a result.
package final class HeadScreen: Sendable {
  private let head: WeightMatrix
  private let matmul: Matmul
  private let screening: HeadScreening
  private let state: Mutex<State>

  private struct State {
    var phase: Phase
    var counters = HeadScreenCounters()
  }

  private enum Phase {
    /// Head inputs seen so far, f32 `[n * D]`.
    case sampling([Float])
    case ready(MatrixScreen)
    /// Switched off, or the head cannot have one.
    case absent
  }

  /// Directions in which the screen expects its inputs to be long: most of what there is to gain.
  private static let directionCount = 8

  package init(head: WeightMatrix, matmul: Matmul, screening: HeadScreening) {
    self.head = head
    self.matmul = matmul
    self.screening = screening
    let isOff = screening == .off || head.columns % 32 != 0 || head.columns == 0
    state = Mutex(State(phase: isOff ? .absent : .sampling([])))
  }

  package var counters: HeadScreenCounters { state.withLock { $0.counters } }

  /// The screen; nil before it is made.
  var made: MatrixScreen? {
    state.withLock { if case .ready(let screen) = $0.phase { screen } else { nil } }
  }

  /// Whether more inputs make the screen.
  package var isSampling: Bool {
    state.withLock { if case .sampling = $0.phase { true } else { false } }
  }

  /// The screen for an input of the head, f32 `[D]`; nil while it is not made.
  ///
  /// The call that completes the samples makes it, which takes tens of milliseconds for tens of megabytes.
  func screen(for input: UnsafePointer<Float>) -> MatrixScreen? {
    state.withLock { state in
      switch state.phase {
      case .ready(let screen): return screen
      case .absent: return nil
      case .sampling(var samples):
        // Taken out while it grows, so that it grows in place.
        state.phase = .absent
        samples.append(contentsOf: UnsafeBufferPointer(start: input, count: head.columns))
        state.phase = next(after: samples, counters: &state.counters)
        return nil
      }
    }
  }

  private func next(after samples: [Float], counters: inout HeadScreenCounters) -> Phase {
    guard case .after(let inputs) = screening, samples.count >= inputs * head.columns else {
      return .sampling(samples)
    }
    var screen: MatrixScreen?
    let duration = ContinuousClock().measure {
      let directions = PrincipalDirections.leading(Self.directionCount, of: samples, width: head.columns)
      screen = MatrixScreen(head, directions: directions, matmul: matmul)
    }
    guard let screen else { return .absent }
    counters.byteCount = screen.byteCount
    counters.buildSeconds = duration / .seconds(1)
    return .ready(screen)
  }

  /// Accounts for one token, for which so many blocks of 16 rows were computed exactly; nil if the screen could
  /// not tell.
  func record(rescoredBlocks: Int?) {
    state.withLock { state in
      guard let rescoredBlocks else {
        state.counters.fallbacks += 1
        return
      }
      state.counters.screened += 1
      state.counters.rescoredRows += min(head.rows, rescoredBlocks * 16)
    }
  }
}
