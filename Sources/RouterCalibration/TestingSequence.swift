/// Learn-then-test with fixed-sequence testing, as a pure state machine (Angelopoulos et al., "Learn then
/// Test", 2021, section 4): points of a path from conservative to aggressive are tested one after the other,
/// each at the full level delta, until one fails. The result is the last point that passed.
///
/// The path must not depend on the prompts whose losses are recorded. Then, whatever the losses, the
/// probability that a point with an expected loss above the risk passes is at most delta: such a point can
/// pass only if the first such point of the path passes, and that happens with probability at most delta.
package struct TestingSequence: Sendable, Equatable {
  /// What is to be proved, and how.
  package struct Settings: Sendable, Equatable {
    /// epsilon, the tolerated expected loss, above 0 and below 1.
    package let risk: Double
    /// The tolerated probability of a wrong promise, above 0 and below 1.
    package let delta: Double
    /// The test, chosen before any loss is seen.
    package let test: RiskTest
    /// n, the number of certifying prompts.
    package let promptCount: Int

    /// Checks settings.
    ///
    /// - Throws: ``CalibrationError`` with code `tooFewPrompts` if even n prompts without any loss could not
    ///   prove the risk, or `invalidParameter` if a number is out of range.
    package init(risk: Double, delta: Double, test: RiskTest, promptCount: Int) throws(CalibrationError) {
      for (name, value) in [("risk", risk), ("delta", delta)] where !(value >= 1e-6 && value < 1) {
        throw CalibrationError(
          code: .invalidParameter, what: "\(name) is \(value)", location: "--\(name)",
          remedy: "Use a number below 1 and at least 1e-6, such as 0.05.")
      }
      let needed = test.minimumPromptCount(risk: risk, delta: delta)
      guard promptCount >= needed else {
        throw .tooFewPrompts(needed: needed, given: max(0, promptCount), risk: risk, delta: delta)
      }
      self.risk = risk
      self.delta = delta
      self.test = test
      self.promptCount = promptCount
    }
  }

  /// What one point of the path showed.
  package struct PointResult: Sendable, Equatable {
    /// 0-based index on the path.
    package let point: Int
    /// How many prompts were run: fewer than n only if failure was already certain.
    package let promptCount: Int
    /// Mean loss of those prompts.
    package let empiricalRisk: Double
    /// p-value of "the expected loss is above the risk", unseen losses taken as 0.
    package let pValue: Double
    /// Upper confidence bound of the expected loss at 1 - delta, unseen losses taken as 0.
    package let bound: Double
    /// Whether the point passed.
    package let passed: Bool
  }

  /// Where the sequence stands.
  package enum State: Sendable, Equatable {
    /// The losses of this 0-based point are next.
    case testing(point: Int)
    /// Nothing more may be tested; `nil` if no point passed, and then only full depth is safe.
    case finished(lastPassing: PointResult?)
  }

  /// What is to be proved.
  package let settings: Settings

  /// The number of points on the path.
  package let pointCount: Int

  /// The points tested so far, in order.
  package private(set) var results: [PointResult] = []

  /// Starts at the most conservative point of a path of `pointCount` points.
  package init(settings: Settings, pointCount: Int) {
    self.settings = settings
    self.pointCount = max(0, pointCount)
  }

  /// Where the sequence stands.
  package var state: State {
    if let last = results.last, !last.passed {
      return .finished(lastPassing: results.dropLast().last)
    }
    return results.count < pointCount
      ? .testing(point: results.count) : .finished(lastPassing: results.last)
  }

  /// Whether the current point fails whatever the remaining prompts lose: then running them is a waste.
  ///
  /// - Throws: ``CalibrationError`` if a loss is outside 0...1.
  package func failsForCertain(lossesSoFar: [Double]) throws(CalibrationError) -> Bool {
    guard !lossesSoFar.isEmpty else { return false }
    return settings.test.pValue(
      try completed(lossesSoFar), risk: settings.risk, delta: settings.delta) > settings.delta
  }

  /// Records the losses of the current point, one per prompt in drawing order, and moves on.
  ///
  /// Fewer than n losses are accepted only if ``failsForCertain(lossesSoFar:)``.
  ///
  /// - Throws: ``CalibrationError`` if the sequence has finished, or the losses are too few, too many,
  ///   outside 0...1, or not 0 or 1 under the binomial test.
  @discardableResult
  package mutating func record(losses: [Double]) throws(CalibrationError) -> PointResult {
    guard case .testing(let point) = state else {
      throw CalibrationError(
        code: .invalidParameter, what: "the testing sequence has finished",
        remedy: "Take its result: testing on after a failure would void the guarantee.")
    }
    let sample = try completed(losses)
    let pValue = settings.test.pValue(sample, risk: settings.risk, delta: settings.delta)
    let passed = pValue <= settings.delta
    guard losses.count == settings.promptCount || !passed else {
      throw CalibrationError(
        code: .invalidParameter,
        what: "there are \(losses.count) losses for \(settings.promptCount) prompts",
        location: "point \(point)", remedy: "Run every certifying prompt at every point that may pass.")
    }
    let bound = settings.test.upperBound(sample, delta: settings.delta)
    let result = PointResult(
      point: point, promptCount: losses.count,
      empiricalRisk: losses.reduce(0, +) / Double(losses.count), pValue: pValue,
      // The test that passed is itself the proof of bound <= risk; bisection may end one rounding above.
      bound: passed ? min(bound, settings.risk) : bound, passed: passed)
    results.append(result)
    return result
  }

  /// The losses, those of prompts that were not run as 0.
  private func completed(_ losses: [Double]) throws(CalibrationError) -> LossSample {
    guard !losses.isEmpty, losses.count <= settings.promptCount else {
      throw CalibrationError(
        code: .invalidParameter,
        what: "there are \(losses.count) losses for \(settings.promptCount) prompts",
        remedy: "Record one loss per certifying prompt.")
    }
    let sample = try LossSample(losses)
    guard settings.test != .exactBinomial || sample.isBinary else {
      throw CalibrationError(
        code: .invalidParameter, what: "the binomial test needs losses of 0 or 1",
        remedy: "Use hoeffding-bentkus for losses in between.")
    }
    let missing = [Double](repeating: 0, count: settings.promptCount - losses.count)
    return missing.isEmpty ? sample : try LossSample(losses + missing)
  }
}
