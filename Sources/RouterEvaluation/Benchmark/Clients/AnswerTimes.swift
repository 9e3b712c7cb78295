/// When the parts of one answer arrived.
package struct AnswerTimes: Sendable {
  /// When the request was sent.
  package let started: ContinuousClock.Instant
  /// When tokens arrived, one for each token or, from a server, for each piece of text.
  package let arrivals: [ContinuousClock.Instant]
  /// Tokens of the answer.
  package let tokenCount: Int
  /// When the answer was complete.
  package let ended: ContinuousClock.Instant
  /// How it was decoded, if that is known.
  package var way: String?

  /// Seconds to the first token; nil without one.
  package var firstToken: Double? { arrivals.first.map { ($0 - started) / .seconds(1) } }

  /// Tokens that arrived after a moment, if one is given, and until another. A piece of text may be more than one.
  func tokens(after start: ContinuousClock.Instant? = nil, until end: ContinuousClock.Instant) -> Double {
    let arrived = arrivals.count { time in time <= end && start.map { time > $0 } ?? true }
    return Double(tokenCount) * Double(arrived) / Double(max(1, arrivals.count))
  }

  /// Seconds between tokens.
  package var gaps: [Double] { zip(arrivals.dropFirst(), arrivals).map { ($0 - $1) / .seconds(1) } }
}
