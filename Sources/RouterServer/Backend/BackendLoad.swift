/// How busy a backend is.
package struct BackendLoad: Sendable, Equatable {
  /// Sequences that are being decoded.
  package let active: Int
  /// Sequences that wait for their turn.
  package let queued: Int

  /// Makes a reading.
  package init(active: Int, queued: Int) {
    self.active = active
    self.queued = queued
  }
}
