import Metrics
import Synchronization

/// One series of a metric: a number that is counted or set, or a distribution.
final class MetricSeries: Sendable {
  /// What a series holds.
  enum Value: Sendable, Equatable {
    /// Grows.
    case count(Double)
    /// Goes up and down.
    case level(Double)
    /// How many values were at most each limit or above all of them, `[limits.count + 1]`, and their sum.
    case distribution(limits: [Double], counts: [Int], sum: Double)
  }

  private let box: Mutex<Value>

  init(_ value: Value) { box = Mutex(value) }

  var value: Value { box.withLock { $0 } }

  func add(_ amount: Double) {
    guard amount.isFinite else { return }
    box.withLock { value in
      switch value {
      case .count(let total): value = .count(total + max(amount, 0))
      case .level(let level): value = .level(level + amount)
      case .distribution: break
      }
    }
  }

  func take(_ number: Double) {
    guard number.isFinite else { return }
    box.withLock { value in
      switch value {
      case .count: break
      case .level: value = .level(number)
      case .distribution(let limits, var counts, let sum):
        counts[limits.firstIndex { number <= $0 } ?? limits.count] += 1
        value = .distribution(limits: limits, counts: counts, sum: sum + number)
      }
    }
  }
}

extension MetricSeries: CounterHandler, FloatingPointCounterHandler {
  func increment(by amount: Int64) { add(Double(amount)) }
  func increment(by amount: Double) { add(amount) }
  /// Counters of a running program never go back.
  func reset() {}
}

extension MetricSeries: RecorderHandler {
  func record(_ value: Int64) { take(Double(value)) }
  func record(_ value: Double) { take(value) }
}

extension MetricSeries: MeterHandler {
  func set(_ value: Int64) { take(Double(value)) }
  func set(_ value: Double) { take(value) }
  func decrement(by amount: Double) { add(-amount) }
}

extension MetricSeries: TimerHandler {
  func recordNanoseconds(_ duration: Int64) { take(Double(duration) / 1e9) }
}
