import Synchronization

/// How often guesses were right and what rows cost, as seen on a model so far; shared by its sequences.
///
/// It decides how far to guess ahead and never what comes out.
package final class DraftRecord: Sendable {
  private let state = Mutex(State())

  private struct State {
    var tallies: [DraftSource: Tally] = [:]
    var times = PassTimes()
  }

  private struct Tally {
    var tried: Double
    var accepted: Double
  }

  /// Tries that what is expected of a source counts for.
  private static let priorWeight = 6.0
  /// Tries after which older ones count less.
  private static let memory = 200.0

  package init() {}

  /// What guesses are worth at this moment.
  func outlook(rows limit: Int) -> DraftOutlook {
    state.withLock { state in
      DraftOutlook(
        acceptance: state.tallies.mapValues { $0.accepted / $0.tried },
        costs: Array(state.times.costs.prefix(limit)))
    }
  }

  /// Notes what came of guesses: those that were compared with full depth.
  func record(_ outcomes: some Sequence<(source: DraftSource, isAccepted: Bool)>) {
    state.withLock { state in
      for outcome in outcomes {
        var tally =
          state.tallies[outcome.source]
          ?? Tally(
            tried: Self.priorWeight, accepted: Self.priorWeight * outcome.source.expectedAcceptance)
        if tally.tried > Self.memory {
          tally.tried /= 2
          tally.accepted /= 2
        }
        tally.tried += 1
        tally.accepted += outcome.isAccepted ? 1 : 0
        state.tallies[outcome.source] = tally
      }
    }
  }

  /// Notes the time of a pass of `rows` tokens through all layers.
  func record(rows: Int, seconds: Double) {
    guard rows > 0, seconds > 0 else { return }
    state.withLock { $0.times.record(rows: rows, seconds: seconds) }
  }
}

/// What guesses are worth, as one round sees it.
struct DraftOutlook {
  /// Share of a source's guesses that were right.
  let acceptance: [DraftSource: Double]
  /// Cost of a pass of 1, 2, ... rows, in passes of one row.
  let costs: [Double]

  func acceptance(of source: DraftSource) -> Double {
    acceptance[source] ?? source.expectedAcceptance
  }
}
