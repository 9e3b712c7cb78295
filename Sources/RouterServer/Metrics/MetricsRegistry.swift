import Metrics
import Synchronization

/// A metrics backend that keeps everything in memory for `GET /metrics`.
final class MetricsRegistry: MetricsFactory {
  /// The same label always has the same kind.
  enum Kind: String, Sendable {
    case counter, gauge, histogram
  }

  /// All series of one label.
  struct Family: Sendable {
    let kind: Kind
    var series: [Labels: MetricSeries] = [:]
  }

  /// Names and values that tell series of one label apart, sorted by name.
  struct Labels: Hashable, Sendable {
    let pairs: [Pair]

    struct Pair: Hashable, Sendable {
      let name: String
      let value: String
    }

    init(_ dimensions: [(String, String)]) {
      pairs = dimensions.sorted { $0 < $1 }.map { Pair(name: $0.0, value: $0.1) }
    }
  }

  /// Limits of distributions of seconds.
  private static let seconds = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
  ]
  /// Limits of other distributions: layers, rows.
  private static let others: [Double] = [
    1, 2, 4, 6, 8, 12, 16, 20, 24, 28, 32, 40, 48, 64, 80, 128, 192, 256,
  ]

  private let families = Mutex<[String: Family]>([:])

  /// Everything so far, by label.
  var contents: [String: Family] { families.withLock { $0 } }

  private func series(_ label: String, _ dimensions: [(String, String)], _ kind: Kind) -> MetricSeries {
    families.withLock { families in
      let labels = Labels(dimensions)
      var family = families[label] ?? Family(kind: kind)
      if let known = family.series[labels] { return known }
      let start: MetricSeries.Value =
        switch family.kind {
        case .counter: .count(0)
        case .gauge: .level(0)
        case .histogram:
          Self.empty(limits: label.hasSuffix("_seconds") ? Self.seconds : Self.others)
        }
      let made = MetricSeries(start)
      family.series[labels] = made
      families[label] = family
      return made
    }
  }

  private static func empty(limits: [Double]) -> MetricSeries.Value {
    .distribution(limits: limits, counts: [Int](repeating: 0, count: limits.count + 1), sum: 0)
  }

  // MARK: MetricsFactory

  func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    series(label, dimensions, .counter)
  }

  func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    series(label, dimensions, .counter)
  }

  func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    series(label, dimensions, .gauge)
  }

  func makeRecorder(
    label: String, dimensions: [(String, String)], aggregate: Bool
  ) -> any RecorderHandler {
    series(label, dimensions, aggregate ? .histogram : .gauge)
  }

  func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    series(label, dimensions, .histogram)
  }

  // Series outlive the objects that fill them: one more of the same name goes on where the last one stopped.
  func destroyCounter(_ handler: any CounterHandler) {}
  func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
  func destroyMeter(_ handler: any MeterHandler) {}
  func destroyRecorder(_ handler: any RecorderHandler) {}
  func destroyTimer(_ handler: any TimerHandler) {}
}
