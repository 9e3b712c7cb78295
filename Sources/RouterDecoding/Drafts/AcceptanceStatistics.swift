import Synchronization

/// How often guesses were right and what rows cost, as seen on a model so far; shared by its sequences.
///
/// It decides how far to guess ahead and never what comes out.
package final class AcceptanceStatistics: Sendable {
  private let state = Mutex(State())

  private struct State {
    var tallies: [DraftSource: Tally] = [:]
    var times = PassCostCurve()
    var followsTimes = true
  }

  private struct Tally {
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

  /// What guesses are worth at this moment.
  func outlook(rows limit: Int) -> AcceptanceEstimate {
    state.withLock { state in
      AcceptanceEstimate(
        acceptance: state.tallies.mapValues { $0.accepted / $0.tried },
        costs: Array(state.times.costs.prefix(limit)))
    }
  }

  /// Notes what came of guesses: those that were compared with full depth.
  func record(_ outcomes: some Sequence<(source: DraftSource, isAccepted: Bool)>) {
    state.withLock { state in
      for (source, tally) in state.tallies {
        let usual = Self.tally(of: source)
        state.tallies[source] = Tally(
          tried: usual.tried + Self.memory * (tally.tried - usual.tried),
          accepted: usual.accepted + Self.memory * (tally.accepted - usual.accepted))
      }
      for outcome in outcomes {
        var tally = state.tallies[outcome.source] ?? Self.tally(of: outcome.source)
        tally.tried += 1
        tally.accepted += outcome.isAccepted ? 1 : 0
        state.tallies[outcome.source] = tally
      }
    }
  }

  /// Notes what came of a round's guesses, of which the first `count` were right.
  ///
  /// The guess after those was wrong; the ones behind it were compared with nothing.
  func record(_ drafts: [Draft], accepted count: Int) {
    record(drafts.prefix(count + 1).enumerated().map { (source: $1.source, isAccepted: $0 < count) })
  }

  /// What a source counts for before any of its guesses has been tried.
  private static func tally(of source: DraftSource) -> Tally {
    Tally(tried: priorWeight, accepted: priorWeight * source.expectedAcceptance)
  }

  /// Notes the time of a pass of `rows` tokens through all layers.
  func record(rows: Int, seconds: Double) {
    guard rows > 0, seconds > 0 else { return }
    state.withLock { state in
      if state.followsTimes { state.times.record(rows: rows, seconds: seconds) }
    }
  }
}

/// What guesses are worth, as one round sees it.
struct AcceptanceEstimate {
  /// Share of a source's guesses that were right.
  let acceptance: [DraftSource: Double]
  /// Cost of a pass of 1, 2, ... rows, in passes of one row.
  let costs: [Double]

  func acceptance(of source: DraftSource) -> Double {
    acceptance[source] ?? source.expectedAcceptance
  }
}
