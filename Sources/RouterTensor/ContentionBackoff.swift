/// When a caller works alone because another process has taken a core of its team.
///
/// A thread that loses its core with a chunk in hand holds up the caller for a time slice of the system, some
/// milliseconds, which is longer than a small model takes for a token. One such stall is an accident; after a
/// second soon after it the caller goes on alone, and tries the team again after a pause that doubles while stalls
/// keep coming. All times are in nanoseconds.
package struct ContentionBackoff {
  /// The first pause.
  package static let shortest: UInt64 = 120_000_000
  /// The longest pause: what a team that has its cores back may lose.
  package static let longest: UInt64 = 2_000_000_000
  /// The time within which a second stall is no accident: a few time slices.
  package static let memory: UInt64 = 50_000_000

  private var pause = Self.shortest
  /// The time until which the caller is alone.
  private var end: UInt64 = 0
  /// The time until which another stall leads to a pause.
  private var suspicion: UInt64 = 0

  package init() {}

  /// Whether the team is to be left alone at time `now`.
  package func isAlone(at now: UInt64) -> Bool { now < end }

  /// Takes note of a stall of `stall` in a job that began at time `now`.
  package mutating func note(stall: UInt64, at now: UInt64) {
    let over = now + stall
    guard now < suspicion else {
      suspicion = over + Self.memory
      pause = Self.shortest
      return
    }
    end = over + pause
    // Back from the pause, the team is still under suspicion.
    suspicion = end + Self.memory
    pause = min(2 * pause, Self.longest)
  }
}
