import CZstd

/// How the content of a frame is best compressed.
package enum FrameKind: Sendable, Equatable {
  /// Text, norms and interleaved floats: an ordinary level.
  case ordinary
  /// Mostly quantised codes: stored as they are at level 1 and below, since a level saves 4 % of their size and
  /// triples the time of loading them (1.2 instead of 3.5 GB/s a core).
  case codes
  /// Exponents: few distinct values without order, so entropy coding alone, without a search for matches (33 %
  /// of their size; level 19 makes them larger, 200 times slower).
  case exponents
  /// Sign and mantissa bits: noise, so stored as they are.
  case noise
}
