/// Seconds since it was made or last read.
struct Stopwatch {
  private let clock = ContinuousClock()
  private var started: ContinuousClock.Instant

  init() { started = clock.now }

  /// Seconds since the last lap, which ends now.
  mutating func lap() -> Double {
    let now = clock.now
    defer { started = now }
    return (now - started).inSeconds
  }
}

extension Duration {
  var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
