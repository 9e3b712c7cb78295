import Synchronization

/// Acceptance statistics: how often drafts were accepted, as seen on a model so far; shared by its sequences.
///
/// It decides how far to draft ahead and never what comes out.
package final class AcceptanceStatistics: Sendable {
  private let counts = Mutex<[DraftSource: Count]>([:])

  private struct Count {
    var tried: Double
    var accepted: Double
  }

  /// Tries that what is expected of a source counts for.
  private static let priorWeight = 6.0
  /// What is left of what was seen after another round: half after a few hundred, and a source that failed is tried
  /// again.
  private static let memory = 0.998

  package init() {}

  /// Acceptance rate of a source at this moment.
  package func acceptance(of source: DraftSource) -> Double {
    counts.withLock { counts in
      counts[source].map { $0.accepted / $0.tried } ?? source.expectedAcceptance
    }
  }

  /// Acceptance rate of the drafts of all sources, as often as each was tried.
  package var acceptance: Double {
    counts.withLock { counts in
      let tried = counts.values.reduce(0) { $0 + $1.tried }
      return tried > 0 ? counts.values.reduce(0) { $0 + $1.accepted } / tried : Self.usualAcceptance
    }
  }

  /// What is expected before any draft has been verified.
  private static let usualAcceptance = 0.4

  /// Notes what came of a round's drafts: those that were verified.
  package func record(_ outcomes: some Sequence<(source: DraftSource, isAccepted: Bool)>) {
    counts.withLock { counts in
      for (source, count) in counts {
        let usual = Self.usualCount(of: source)
        counts[source] = Count(
          tried: usual.tried + Self.memory * (count.tried - usual.tried),
          accepted: usual.accepted + Self.memory * (count.accepted - usual.accepted))
      }
      for outcome in outcomes {
        var count = counts[outcome.source] ?? Self.usualCount(of: outcome.source)
        count.tried += 1
        count.accepted += outcome.isAccepted ? 1 : 0
        counts[outcome.source] = count
      }
    }
  }

  /// What a source counts for before any of its drafts has been verified.
  private static func usualCount(of source: DraftSource) -> Count {
    Count(tried: priorWeight, accepted: priorWeight * source.expectedAcceptance)
  }
}
