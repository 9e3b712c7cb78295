import Foundation

/// How many sequences have lately been decoded together: a pure value.
///
/// Answers that end together leave the engine nearly empty for a moment, until their clients ask again. A request that is
/// admitted then is decoded among as many as before, so that a load is exceeded at once and forgotten slowly.
package struct LoadHistory: Sendable {
  /// After this time half of a load that is gone still counts.
  package static let halfLife = Duration.milliseconds(500)

  private var load = 0.0
  private var last: ContinuousClock.Instant?

  package init() {}

  /// Notes a load and returns what to expect.
  ///
  /// - Parameters:
  ///   - sequences: at this moment, the new one included.
  ///   - now: never before an earlier call's.
  package mutating func expect(sequences: Int, at now: ContinuousClock.Instant) -> Int {
    let left = last.map { load * exp2(-((now - $0) / Self.halfLife)) } ?? 0
    load = max(Double(sequences), left)
    last = now
    return Int(load.rounded())
  }
}
