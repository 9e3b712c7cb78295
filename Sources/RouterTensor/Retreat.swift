/// When a caller works alone because another process has taken a core of its team.
///
/// A thread that loses its core with a chunk in hand holds up the caller for a time slice of the system, some
/// milliseconds, which is longer than a small model takes for a token. After such a stall the caller goes on
/// alone, and tries the team again after a pause that doubles while stalls keep coming.
struct Retreat {
  /// Nanoseconds of the first pause.
  static let shortest: UInt64 = 120_000_000
  /// Nanoseconds of the longest: what a team that has its cores back may lose.
  static let longest: UInt64 = 2_000_000_000

  private var pause = Self.shortest
  /// The time until which the caller is alone.
  private var end: UInt64 = 0

  /// Whether the team is to be left alone at time `now`, in nanoseconds.
  func isAlone(at now: UInt64) -> Bool { now < end }

  /// Takes note of a stall of `stall` nanoseconds in a job that began at time `now`.
  mutating func note(stall: UInt64, at now: UInt64) {
    // A stall soon after a pause says that the core is still taken.
    let isRepeated = end > 0 && now < end + pause
    pause = isRepeated ? min(2 * pause, Self.longest) : Self.shortest
    end = now + stall + pause
  }
}
