import RouterCalibration
import RouterDecoding
import RouterExit

// The promise: which candidates are tested, and what the tests say.
extension CalibrationRun {
  /// Tries all candidates, tests the fastest ones, and races those that pass.
  func certify(
    _ candidates: inout [CandidateOutcome], risk: Double, context: Double, name: String
  ) throws -> Decision {
    try tryOut(&candidates, risk: risk, context: context)
    let finalists = finalists(candidates)
    let level = settings.delta / Double(max(1, finalists.count))
    let testing = try TestingSequence.Settings(
      risk: risk, delta: level, test: settings.metric.preferredTest, promptCount: split.certifying.count)
    for index in finalists { try test(&candidates[index], testing: testing, context: context) }
    let passed = finalists.filter { candidates[$0].certified != nil }
    let figures = try interleaved(
      passed.map { (candidates[$0].plan, certifiedPoint(candidates[$0])) }, prompts: split.heldOut,
      context: context, stage: "held-out prompts")
    for (index, figures) in zip(passed, figures) { candidates[index].race = figures }
    guard let winner = winner(passed, &candidates) else { return Decision() }
    var decision = Decision(winner: candidates[winner], point: certifiedPoint(candidates[winner]))
    decision.answers = try answers(
      split.certifying, plan: candidates[winner].plan, point: decision.point, stage: "answers")
    decision.guarantee = try guarantee(candidates[winner], testing: testing, finalists: finalists.count)
    return decision
  }

  private func certifiedPoint(_ outcome: CandidateOutcome) -> Int {
    outcome.certified.map { outcome.rows[$0].point } ?? 0
  }

  /// Runs every candidate on trial prompts: first where the pilot expects the tolerated risk, then, on other
  /// prompts, where it would have expected it had it guessed as the first trial showed.
  private func tryOut(_ candidates: inout [CandidateOutcome], risk: Double, context: Double) throws {
    let contenders = candidates.indices.filter { !candidates[$0].plan.points.isEmpty }
    guard !contenders.isEmpty else { return }
    let count = settings.trialPrompts
    for round in 0..<2 {
      let prompts = Array(split.pilot.dropFirst(round * count).prefix(count))
      guard !prompts.isEmpty else { return }
      let points = contenders.map {
        candidates[$0].plan.lastPoint(risk: risk, scale: candidates[$0].riskScale) ?? 0
      }
      let figures = try interleaved(
        zip(contenders, points).map { (candidates[$0].plan, $1) }, prompts: prompts, context: context,
        stage: "trial \(round + 1) of 2")
      for (index, figures) in zip(contenders, figures) {
        let guess = candidates[index].plan.points[figures.point].pilotRisk
        let losses = figures.loss + (round == 0 ? 0 : candidates[index].trial?.loss ?? 0)
        let guesses = guess + (round == 0 ? 0 : trialGuess(candidates[index]))
        candidates[index].trial = figures
        candidates[index].riskScale = guesses > 0 ? min(4, max(0.5, losses / guesses)) : 1
      }
    }
  }

  private func trialGuess(_ outcome: CandidateOutcome) -> Double {
    outcome.trial.map { outcome.plan.points[$0.point].pilotRisk } ?? 0
  }

  /// Who is tested: a single candidate always, several only if the pilot expects them to keep the risk and
  /// they were faster than full depth on trial; the fastest first.
  private func finalists(_ candidates: [CandidateOutcome]) -> [Int] {
    guard candidates.count > 1 else {
      return candidates.indices.filter { !candidates[$0].plan.points.isEmpty }
    }
    let risk = settings.risk
    let fit = candidates.indices.filter {
      guard let ratio = candidates[$0].trial?.timeRatio else { return false }
      return ratio < 1 && candidates[$0].plan.lastPoint(risk: risk) != nil
    }
    let sorted = fit.sorted {
      (candidates[$0].trial?.timeRatio ?? 1, $0) < (candidates[$1].trial?.timeRatio ?? 1, $1)
    }
    return Array(sorted.prefix(settings.finalistCount))
  }

  /// Tests points of a candidate's path, from conservative to aggressive, until one fails.
  private func test(
    _ outcome: inout CandidateOutcome, testing: TestingSequence.Settings, context: Double
  ) throws {
    let plan = outcome.plan
    let points = plan.testedPoints(
      risk: testing.risk, scale: outcome.riskScale, count: settings.maximumPoints)
    var sequence = TestingSequence(settings: testing, pointCount: points.count)
    while case .testing(let step) = sequence.state {
      let answers = try self.answers(
        split.certifying, plan: plan, point: points[step],
        stage: "\(plan.candidate.rawValue): point \(step + 1) of at most \(points.count)"
      ) { losses in try sequence.failsForCertain(lossesSoFar: losses) }
      let result = try sequence.record(losses: answers.map(loss))
      outcome.rows.append(
        CalibrationRow(
          point: points[step], rule: plan.points[points[step]].rule, result: result, answers: answers,
          modelSeconds: costs.secondsPerToken(
            depths: answers.flatMap(\.depths), asked: plan.askedExits(at: points[step]),
            layerCount: language.layerCount, candidate: plan.candidate, keyValues: settings.keyValues,
            context: context)))
    }
    guard case .finished(let passing) = sequence.state else { return }
    outcome.certified = passing?.point
    outcome.verdict = passing == nil ? .refused : .slower
  }

  /// The fastest of those that passed; nil if full depth is faster than all of several.
  private func winner(_ passed: [Int], _ candidates: inout [CandidateOutcome]) -> Int? {
    let fastest = passed.min {
      (candidates[$0].race?.timeRatio ?? 1, $0) < (candidates[$1].race?.timeRatio ?? 1, $1)
    }
    guard let fastest else { return nil }
    if candidates.count > 1, (candidates[fastest].race?.timeRatio ?? 1) >= 1 {
      for index in passed { candidates[index].verdict = .slowerThanFull }
      return nil
    }
    candidates[fastest].verdict = .chosen
    return fastest
  }

  private func guarantee(
    _ outcome: CandidateOutcome, testing: TestingSequence.Settings, finalists: Int
  ) throws -> PolicyGuarantee? {
    guard let certified = outcome.certified else { return nil }
    let row = outcome.rows[certified]
    let shared = finalists > 1 ? ", delta shared by \(finalists) candidates" : ""
    return try PolicyGuarantee(
      metric: settings.metric.rawValue, risk: testing.risk, delta: settings.delta,
      prompts: testing.promptCount, method: "learn-then-test, \(testing.test.rawValue)\(shared)",
      bound: row.bound, empiricalRisk: row.realisedRisk, heldOutRisk: outcome.race?.loss,
      heldOutPrompts: outcome.race?.prompts, maximumTokens: settings.maximumTokens)
  }
}
