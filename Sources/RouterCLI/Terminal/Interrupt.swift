import Foundation
import Synchronization

/// Set by the signal handler, which can reach nothing but globals.
private let interruptRaised = Atomic(false)

/// Notices SIGINT, so that long work can stop between two steps and tidy up.
///
/// A second SIGINT ends the program at once.
final class Interrupt: Sendable {
  init() {
    signal(SIGINT) { _ in
      interruptRaised.store(true, ordering: .relaxed)
      signal(SIGINT, SIG_DFL)
    }
  }

  /// Whether the signal has come.
  var wasRaised: Bool { interruptRaised.load(ordering: .relaxed) }
}
