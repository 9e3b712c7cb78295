import Synchronization

/// Collects the fractions that a progress handler gets.
final class ProgressLog: Sendable {
  private let log = Mutex<[Double]>([])

  var values: [Double] { log.withLock { $0 } }

  @Sendable func add(_ fraction: Double) {
    log.withLock { $0.append(fraction) }
  }
}
