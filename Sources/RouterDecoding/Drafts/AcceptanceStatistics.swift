import Synchronization

/// Acceptance statistics: how often drafts were accepted and what rows cost, as seen on a model so far; shared by its
/// sequences.
///
/// It decides how far to draft ahead and never what comes out.
package final class AcceptanceStatistics: Sendable {
  private let state = Mutex(State())

  private struct State {
    var counts: [DraftSource: Count] = [:]
    var times = PassCostCurve()
    var followsTimes = true
  }

  private struct Count {
    var tried: Double
    var accepted: Double
  }

  /// Tries that what is expected of a source counts for.
  private static let priorWeight = 6.0
  /// What is left of what was seen after another round: half after a few hundred, and a source that failed is tried
  /// again.
  private static let memory = 0.998

  /// - Parameter followsTimes: whether costs of passes follow what is timed, or stay the usual ones.
  package init(followsTimes: Bool = true) { state.withLock { $0.followsTimes = followsTimes } }

  /// What drafts are worth at this moment.
  package func estimate(rows limit: Int) -> AcceptanceEstimate {
    state.withLock { state in
      AcceptanceEstimate(
        acceptance: state.counts.mapValues { $0.accepted / $0.tried },
        costs: Array(state.times.costs.prefix(limit)))
    }
  }

  /// Notes what came of drafts: those that were verified.
  package func record(_ outcomes: some Sequence<(source: DraftSource, isAccepted: Bool)>) {
    state.withLock { state in
      for (source, count) in state.counts {
        let usual = Self.usualCount(of: source)
        state.counts[source] = Count(
          tried: usual.tried + Self.memory * (count.tried - usual.tried),
          accepted: usual.accepted + Self.memory * (count.accepted - usual.accepted))
      }
      for outcome in outcomes {
        var count = state.counts[outcome.source] ?? Self.usualCount(of: outcome.source)
        count.tried += 1
        count.accepted += outcome.isAccepted ? 1 : 0
        state.counts[outcome.source] = count
      }
    }
  }

  /// Notes what came of a round's drafts, of which the first `count` were accepted.
  ///
  /// The draft after those was rejected; the ones behind it were compared with nothing.
  func record(_ drafts: [Draft], accepted count: Int) {
    record(drafts.prefix(count + 1).enumerated().map { (source: $1.source, isAccepted: $0 < count) })
  }

  /// What a source counts for before any of its drafts has been verified.
  private static func usualCount(of source: DraftSource) -> Count {
    Count(tried: priorWeight, accepted: priorWeight * source.expectedAcceptance)
  }

  /// Notes the time of a pass of `rows` tokens through all layers.
  func record(rows: Int, seconds: Double) {
    guard rows > 0, seconds > 0 else { return }
    state.withLock { state in
      if state.followsTimes { state.times.record(rows: rows, seconds: seconds) }
    }
  }
}
