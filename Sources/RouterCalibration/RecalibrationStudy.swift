import RouterExit
import RouterRandom

/// Repeats a calibration on resampled traces, where the truth is known: the promise, put to the test.
///
/// Traces of two halves of prompts stand for the worlds that pilot and certifying prompts are drawn from. Each
/// run draws as many prompts with replacement, plans a path on the first, and tests it on the second with their
/// teacher-forced losses. The expected loss of whatever it certifies is then the mean over all traces of the
/// second half, and must exceed the risk in at most delta of the runs.
package struct RecalibrationStudy: Sendable {
  /// What came of all runs.
  package struct Result: Sendable, Equatable, Encodable {
    /// How many calibrations were run.
    package let runs: Int
    /// How many certified a point whose expected loss exceeds the risk.
    package let broken: Int
    /// How many certified nothing.
    package let empty: Int
    /// delta x runs: what the promise allows.
    package let tolerated: Double
    /// Mean expected loss of what was certified; 0 if nothing was.
    package let meanRisk: Double
    /// The largest one.
    package let largestRisk: Double
  }

  private let candidate: Candidate
  private let pilots: [PilotTrace]
  private let certifying: [PilotTrace]
  private let planning: PathPlanner.Settings
  private let testing: TestingSequence.Settings
  private let pointCount: Int

  /// Prepares traces.
  ///
  /// - Parameters:
  ///   - candidate: has thresholds.
  ///   - pilots: choose the path.
  ///   - certifying: test it.
  ///   - testing: risk, delta, test and the number of certifying prompts that each run draws.
  ///   - pointCount: points of a path that are tested at most.
  package init(
    candidate: Candidate, pilots: [PilotTrace], certifying: [PilotTrace], planning: PathPlanner.Settings,
    testing: TestingSequence.Settings, pointCount: Int
  ) {
    self.candidate = candidate
    self.pilots = pilots.filter { $0.tokenCount > 0 }
    self.certifying = certifying.filter { $0.tokenCount > 0 }
    self.planning = planning
    self.testing = testing
    self.pointCount = pointCount
  }

  /// Runs all calibrations.
  ///
  /// - Parameter progress: receives the share of the runs that are done.
  /// - Throws: ``CalibrationError`` if there are no traces, or the losses do not fit the test.
  package func run(
    _ runs: Int, seed: UInt64, progress: (Double) -> Void = { _ in }
  ) throws(CalibrationError) -> Result {
    guard !pilots.isEmpty, !certifying.isEmpty else {
      throw CalibrationError(
        code: .invalidParameter, what: "there are no traces to resample",
        remedy: "Use more prompts, or prompts that the model answers.")
    }
    var generator = SplitMix64(seed: seed)
    var risks: [Double] = []
    for run in 0..<runs {
      progress(Double(run) / Double(runs))
      let drawn = (0..<pilots.count).map { _ in pilots[generator.index(below: pilots.count)] }
      let plan = try PathPlanner(candidate: candidate, pilots: drawn, settings: planning).plan()
      let points = plan.testedPoints(risk: testing.risk, scale: 1, count: pointCount)
      let losses = points.map { point in certifying.map { loss(plan.points[point].rule, $0) } }
      let prompts = (0..<testing.promptCount).map { _ in generator.index(below: certifying.count) }
      var sequence = TestingSequence(settings: testing, pointCount: points.count)
      while case .testing(let step) = sequence.state {
        try sequence.record(losses: prompts.map { losses[step][$0] })
      }
      guard case .finished(let passing?) = sequence.state else { continue }
      risks.append(losses[passing.point].reduce(0, +) / Double(certifying.count))
    }
    return Result(
      runs: runs, broken: risks.count { $0 > testing.risk }, empty: runs - risks.count,
      tolerated: testing.delta * Double(runs),
      meanRisk: risks.reduce(0, +) / Double(max(risks.count, 1)), largestRisk: risks.max() ?? 0)
  }

  /// The fraction of a prompt's tokens whose exit says something else than full depth.
  private func loss(_ rule: PathPlan.Rule, _ trace: PilotTrace) -> Double {
    guard case .thresholds(let thresholds, let gates) = rule else { return 0 }
    var errors = 0
    for token in 0..<trace.tokenCount {
      let taken = trace.exits.indices.first { exit in
        thresholds[exit].map { lambda in
          if let gate = gates.isEmpty ? nil : gates[exit],
            trace.gates[token * trace.exits.count + exit] < gate
          {
            return false
          }
          let bar = planning.decay?.threshold(lambda, tokenIndex: token) ?? lambda
          return trace.confidence(token: token, exitIndex: exit) >= bar
        } ?? false
      }
      if let taken, !trace.agrees(token: token, exitIndex: taken) { errors += 1 }
    }
    return Double(errors) / Double(trace.tokenCount)
  }
}
