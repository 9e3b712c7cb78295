/// How fast places become free, by the answers that ended last: when to come back to a full queue.
struct AnswerRate {
  /// Seconds from the end of an answer to the next, while there was something to do.
  private var interval: Double?
  private var last: ContinuousClock.Instant?

  /// Weight of a new answer.
  private static let gain = 0.2
  /// Seconds that anybody is told to wait, at least and at most.
  private static let bounds = 1...60

  /// Notes the end of an answer.
  mutating func record(at now: ContinuousClock.Instant) {
    defer { last = now }
    guard let last else { return }
    let seconds = (now - last) / .seconds(1)
    interval = interval.map { $0 + Self.gain * (seconds - $0) } ?? seconds
  }

  /// Notes that there is nothing to do: time that passes now says nothing.
  mutating func pause() { last = nil }

  /// Seconds until the next place is likely free.
  var retryAfter: Int {
    min(max(Int((interval ?? 1).rounded(.up)), Self.bounds.lowerBound), Self.bounds.upperBound)
  }
}
