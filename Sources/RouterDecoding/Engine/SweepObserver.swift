/// Who is told of each sweep.
///
/// A type of its own: a function in a tuple, or alone, would be wrapped anew each time that a `Mutex` hands it out, and the
/// wrappers' calls nest.
struct SweepObserver: Sendable {
  /// Whether reports say which layers ran for whom, and what became of it.
  let isTraced: Bool
  /// Called on the engine's thread.
  let body: @Sendable (SweepReport) -> Void
}
