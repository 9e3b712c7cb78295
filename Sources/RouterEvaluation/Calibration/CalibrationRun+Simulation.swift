import RouterCalibration
import RouterDecoding
import RouterExit

extension CalibrationRun {
  /// Repeats the calibration of the winner, or else of the first candidate with thresholds that was tested or
  /// planned, on resampled traces.
  ///
  /// - Throws: ``EvaluationError`` if no candidate has thresholds.
  package func simulate(_ runs: Int, of outcome: Outcome) throws -> RecalibrationStudy.Result {
    let choice = [outcome.leading?.candidate].compactMap { $0 } + settings.candidates
    guard let candidate = choice.first(where: { $0 != .fixed && $0 != .patience }) else {
      throw EvaluationError(
        .invalidSetting, "no candidate with thresholds can be simulated",
        remedy: "Leave --simulate out, or calibrate an estimator.")
    }
    // Disagreement along full depth's answers: never 0 or 1 alone, whatever the metric is.
    let testing = try TestingSequence.Settings(
      risk: settings.risk, delta: settings.delta, test: .betting, promptCount: split.certifying.count)
    let pilots = try outcome.pilots.map { try pilotTrace($0, candidate) }
    let study = RecalibrationStudy(
      candidate: candidate, pilots: pilots, certifying: try certifyingTraces(candidate),
      planning: try thresholdPlan(candidate, pilots, context: outcome.context).planning,
      testing: testing, pointCount: settings.maximumPoints)
    return try study.run(runs, seed: settings.seed) {
      progress(Progress(stage: "simulated calibrations", share: $0))
    }
  }

  /// What exits say along full depth's answers to the certifying prompts.
  private func certifyingTraces(_ candidate: Candidate) throws -> [PilotTrace] {
    let known = Dictionary(trace.pilots.map { ($0.prompt, $0) }) { first, _ in first }
    return try split.certifying.enumerated().map { index, row in
      progress(
        Progress(
          stage: "traces of the certifying prompts", share: Double(index) / Double(split.certifying.count)))
      guard let learned = candidate.learned.flatMap(trace.estimator)?.estimator else {
        return try (known[row] ?? pilotAnswer(row) { _, _ in }).trace(of: candidate.rawValue)
      }
      // One column per exit, then row by row.
      var columns = exits.map { _ in [Float]() }
      let answer = try pilotAnswer(row) { exit, states in
        guard exit < columns.count else { return }
        for start in stride(from: 0, to: states.count, by: learned.width) {
          columns[exit].append(
            learned.confidence(
              depth: exits[exit], tokenIndex: columns[exit].count,
              hidden: UnsafeBufferPointer(rebasing: states[start..<start + learned.width])))
        }
      }
      let confidences = (0..<answer.tokenCount).flatMap { token in columns.map { $0[token] } }
      return try answer.trace(of: candidate.rawValue, confidences: confidences)
    }
  }
}
