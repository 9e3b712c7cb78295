import RouterModel
import Synchronization

/// What it costs a model to run several tokens through the layers that they skipped, as seen so far; shared by its
/// sequences.
///
/// It decides how long tokens wait for those layers and never what comes out.
package final class CatchUpCosts: Sendable {
  /// Seconds of a pass of 1, 2, ... rows through all layers; nil for those that have not been timed.
  private let seconds = Mutex([Double?](repeating: nil, count: PassCostCurve.defaultCosts.count))

  /// Weight of a new timing.
  private static let gain = 0.1

  package init() {}

  /// Tokens that are best run together, at the least cost each: beyond that, another row is no longer nearly free.
  ///
  /// Numbers of rows that have not been timed cost what they usually do.
  package var cheapestRowCount: Int {
    let seconds = seconds.withLock { $0 }
    let one = seconds.first?.flatMap(\.self) ?? 1
    let shares = zip(seconds, PassCostCurve.defaultCosts).enumerated().map { place, times in
      (times.0.map { $0 / one } ?? times.1) / Double(place + 1)
    }
    return (shares.indices.min { shares[$0] < shares[$1] } ?? 0) + 1
  }

  /// Tokens of a session that may leave early before the layers that they skipped make up for it: as many as run
  /// through those together at the least cost each.
  func deferredRowLimit(of session: InferenceSession) -> Int {
    min(cheapestRowCount, session.rowLimit, session.model.uniformRows)
  }

  /// Notes the time of `rows` tokens through `layers` of a model's `count` layers.
  package func record(rows: Int, seconds time: Double, layers: Int, of count: Int) {
    guard layers > 0, time > 0 else { return }
    let whole = time * Double(count) / Double(layers)
    seconds.withLock { seconds in
      guard seconds.indices.contains(rows - 1) else { return }
      seconds[rows - 1] =
        seconds[rows - 1].map { known in
          // Something may interrupt a pass, which says nothing.
          known + Self.gain * (min(max(whole, known / 2), known * 2) - known)
        }
        ?? whole
    }
  }
}
