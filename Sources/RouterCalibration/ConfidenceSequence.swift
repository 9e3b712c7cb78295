import Foundation

/// A confidence interval of the mean of numbers in 0...1 that holds at every moment at once: one may look at it
/// after each number, and stop or go on as one likes.
///
/// It is the set of means that no gambler has grown rich by betting against (I. Waudby-Smith and A. Ramdas,
/// "Estimating means of bounded random variables by betting", JRSS B 86, 2024, section 4): against each mean m
/// of a grid two of them bet, one that the truth is higher, one that it is lower. The bets are those of section
/// B.3 (aGRAPA), which look at past numbers only. By Ville's inequality neither multiplies the stake by
/// 2 / alpha, ever, with probability at least 1 - alpha, if m is the mean.
public struct ConfidenceSequence: Sendable {
  /// 1 - alpha.
  public let confidence: Double
  /// How many numbers have been seen.
  public private(set) var count = 0
  /// Their sum.
  public private(set) var sum = 0.0

  /// ln of the stake of whoever bets that the mean is above i / (count - 1), for each i.
  private var higher: [Double]
  /// ln of the stake of whoever bets that the mean is below it.
  private var lower: [Double]
  /// Sum of squared distances to the means of their times.
  private var squares = 0.25

  /// Largest share of a stake that is ever at risk.
  private static let boldness = 0.75

  /// Starts without numbers.
  ///
  /// - Parameters:
  ///   - confidence: 1 - alpha, above 0 and below 1.
  ///   - steps: the interval's ends are multiples of 1 / `steps`.
  package init(confidence: Double, steps: Int = 1000) {
    precondition(confidence > 0 && confidence < 1 && steps > 0, "confidence \(confidence), \(steps) steps")
    self.confidence = confidence
    higher = [Double](repeating: 0, count: steps + 1)
    lower = higher
  }

  /// Mean of the numbers; `nil` without any.
  public var mean: Double? { count == 0 ? nil : sum / Double(count) }

  /// Takes a number in 0...1.
  ///
  /// - Complexity: O(steps).
  public mutating func add(_ number: Double) {
    precondition((0...1).contains(number), "\(number) is outside 0...1")
    // A mean of 1/2 and a variance of 1/4 count as one number seen before.
    let (estimate, variance) = ((0.5 + sum) / Double(count + 1), squares / Double(count + 1))
    let steps = Double(higher.count - 1)
    for index in higher.indices {
      let mean = Double(index) / steps
      let distance = estimate - mean
      let bet = abs(distance) / (variance + distance * distance)
      if distance > 0 {
        higher[index] += log1p(min(bet, Self.boldness / mean) * (number - mean))
      } else if distance < 0 {
        lower[index] += log1p(min(bet, Self.boldness / (1 - mean)) * (mean - number))
      }
    }
    count += 1
    sum += number
    let after = (0.5 + sum) / Double(count + 1)
    squares += (number - after) * (number - after)
  }

  /// Where the mean lies.
  public var interval: ClosedRange<Double> {
    let (limit, steps) = (log(2 / (1 - confidence)), Double(higher.count - 1))
    let below = higher.prefix { $0 >= limit }.count - 1
    let above = lower.count - lower.reversed().prefix { $0 >= limit }.count
    let low = Double(max(below, 0)) / steps
    // Both ends can cross only where the numbers do not have one mean.
    return low...max(low, Double(min(above, lower.count - 1)) / steps)
  }

  /// Whether the mean is known to be above a value.
  public func exceeds(_ value: Double) -> Bool {
    let limit = log(2 / (1 - confidence))
    let index = Int((value * Double(higher.count - 1)).rounded(.up))
    return index < higher.count && higher[...index].allSatisfy { $0 >= limit }
  }
}
