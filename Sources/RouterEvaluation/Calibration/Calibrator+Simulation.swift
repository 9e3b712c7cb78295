import RouterCalibration
import RouterDecoding
import RouterExit

extension Calibrator {
  /// Repeats the calibration of the winner, or else of the first candidate with thresholds that was tested or
  /// planned, on resampled traces.
  ///
  /// - Throws: ``EvaluationError`` if no candidate has thresholds.
  package func simulate(_ runs: Int, of outcome: CalibrationOutcome) throws -> RecalibrationStudy.Result {
    let choice = [outcome.leading?.candidate].compactMap { $0 } + settings.candidates
    guard let candidate = choice.first(where: { $0 != .fixed && $0 != .patience }) else {
      throw EvaluationError(
        .invalidSetting, "no candidate with thresholds can be simulated",
        remedy: "Leave --simulate out, or calibrate an estimator.")
    }
    // Disagreement along full depth's answers: never 0 or 1 alone, whatever the metric is.
    let testing = try TestingSequence.Settings(
      risk: settings.risk, delta: settings.delta, test: .betting, promptCount: split.certifying.count)
    let trained = candidate.learned.flatMap(trace.records.estimator)
    let pilots = try outcome.pilots.map { try PathPlanning.trace($0, candidate, trained: trained) }
    let study = RecalibrationStudy(
      candidate: candidate, pilots: pilots,
      certifying: try certifyingTraces(candidate, learned: trained?.estimator),
      planning: try planning.thresholdPlan(candidate, pilots).planning, testing: testing,
      pointCount: settings.maximumPoints)
    return try study.run(runs, seed: settings.seed) {
      progress(CalibrationProgress(stage: "simulated calibrations", share: $0))
    }
  }

  /// What exits say along full depth's answers to the certifying prompts.
  private func certifyingTraces(
    _ candidate: Candidate, learned: LearnedEstimator?
  ) throws -> [PilotTrace] {
    try split.certifying.enumerated().map { index, prompt in
      progress(
        CalibrationProgress(
          stage: "traces of the certifying prompts", share: Double(index) / Double(split.certifying.count)))
      guard let learned else {
        return try PathPlanning.trace(
          trace.records.pilot(prompt: prompt) ?? runner.readPilot(prompt), candidate, trained: nil)
      }
      let exits = language.exitsBelowFullDepth
      // One column per exit, then token by token.
      var columns = exits.map { _ in [Float]() }
      let answer = try runner.readPilot(prompt) { exit, states in
        guard exit < columns.count else { return }
        for start in stride(from: 0, to: states.count, by: learned.width) {
          columns[exit].append(
            learned.confidence(
              depth: exits[exit], tokenIndex: columns[exit].count,
              hidden: UnsafeBufferPointer(rebasing: states[start..<start + learned.width])))
        }
      }
      let confidences = (0..<answer.tokenCount).flatMap { token in columns.map { $0[token] } }
      return try PathPlanning.trace(
        answer, candidate, trained: TrainedEstimator(estimator: learned, scores: [prompt: confidences]))
    }
  }
}
