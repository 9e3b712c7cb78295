import Dispatch
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Turns finished bytes into a fraction, reported to one handler, one call at a time, never going back.
final class ProgressMeter: Sendable {
  private let total: Int
  private let handler: (@Sendable (Double) -> Void)?
  private let done = Mutex(0)

  init(total: Int, handler: (@Sendable (Double) -> Void)?) {
    self.total = max(total, 1)
    self.handler = handler
  }

  /// Adds finished bytes.
  func advance(by byteCount: Int) {
    guard let handler else { return }
    done.withLock { done in
      done += byteCount
      handler(min(1, Double(done) / Double(total)))
    }
  }
}
