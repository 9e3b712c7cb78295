/// When the last token of each choice of a request came.
struct TokenTimes {
  private var last: [(time: ContinuousClock.Instant, isFirst: Bool)]

  /// Starts with a request.
  init(choices: Int, since start: ContinuousClock.Instant) {
    last = Array(repeating: (start, true), count: choices)
  }

  /// Notes a token.
  ///
  /// - Returns: seconds since the token before it, or since the request for the first.
  mutating func next(of choice: Int, at now: ContinuousClock.Instant) -> (seconds: Double, isFirst: Bool) {
    defer { last[choice] = (now, false) }
    return ((now - last[choice].time).seconds, last[choice].isFirst)
  }
}
