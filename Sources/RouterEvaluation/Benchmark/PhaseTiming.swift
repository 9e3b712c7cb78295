import RouterCheckpoint
import RouterExit
import RouterModel

/// One run of a phase.
package struct PhaseTiming: Sendable, Equatable {
  /// Seconds.
  package var layers = 0.0
  /// Seconds, the choice of the token included.
  package var head = 0.0
  /// Seconds of everything, embedding and bookkeeping included.
  package var total = 0.0
  /// Tokens that the screen of the head chose.
  package var screened = 0
  /// Tokens that it was asked for and could not tell.
  package var fallbacks = 0
  /// Rows of the head whose exact logits it needed.
  package var rescoredRows = 0

  /// Seconds of a run; the screen of the head starts with nothing done.
  package init(layers: Double = 0, head: Double = 0, total: Double = 0) {
    self.layers = layers
    self.head = head
    self.total = total
  }
}
