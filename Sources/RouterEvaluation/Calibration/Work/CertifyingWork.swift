import RouterCalibration
import RouterDecoding
import RouterExit

/// The way to a guarantee: all candidates are tried, the fastest are tested, and those that pass race.
package struct CertifyingWork: CalibrationWork {
  private enum Stage {
    case begin
    /// Candidates answer trial prompts: first where the pilot expects the tolerated risk, then, on other prompts,
    /// where it would have expected it had it estimated as the first trial showed.
    case trial(round: Int, prompts: [Int], [Contender])
    /// The finalist with this index is tested at the points of its path, until one fails.
    case test(finalist: Int, points: [Int], TestingSequence, losses: [Double])
    /// Those that passed answer held-out prompts.
    case race([Contender])
    /// The winner's answers are gathered.
    case answers(winner: Int)
    case finished
  }

  /// A candidate at a point of its path.
  private struct Contender {
    /// Index among the candidates.
    let index: Int
    let entry: AnswerComparison.Entry
  }

  private static let trialRounds = 2
  /// How far a trial may correct the pilot's estimate of risk.
  private static let riskScales = 0.5...4.0

  private let settings: CalibrationSettings
  private let split: PromptSplit
  private let comparison: AnswerComparison
  /// epsilon.
  private let risk: Double
  private var stage = Stage.begin
  private var finalists: [Int] = []
  /// What became of each candidate so far.
  package private(set) var candidates: [CandidateOutcome]
  /// Full depth unless a candidate wins.
  package private(set) var decision = CalibrationDecision()

  /// - Parameters:
  ///   - plans: one for each candidate.
  ///   - risk: epsilon.
  package init(
    settings: CalibrationSettings, split: PromptSplit, plans: [PathPlan], risk: Double,
    comparison: AnswerComparison
  ) {
    self.settings = settings
    self.split = split
    self.risk = risk
    self.comparison = comparison
    candidates = plans.map(CandidateOutcome.init)
  }

  package mutating func next(_ records: TraceRecords) throws -> TaskList? {
    switch stage {
    case .begin:
      return try tryOut(round: 0)
    case .trial(let round, let prompts, let contenders):
      for contender in contenders { judgeTrial(contender, round: round, prompts, records) }
      return try tryOut(round: round + 1)
    case .test(let finalist, let points, var sequence, let losses):
      try judgePoint(finalist, points, &sequence, losses, records)
      return try testing(finalist, points, sequence)
    case .race(let contenders):
      for contender in contenders {
        candidates[contender.index].race = comparison.figures(
          contender.entry, prompts: split.heldOut, records)
      }
      decision.verifiedRatio = comparison.timeRatio(.verified, prompts: split.heldOut, records)
      return try crown(contenders.map(\.index))
    case .answers(let winner):
      let entry = entry(winner)
      decision.answers = split.certifying.compactMap {
        records.answer(prompt: $0, decoding: entry.decoding)
      }
      stage = .finished
      return nil
    case .finished: return nil
    }
  }

  package mutating func isSettled(byGroup index: Int, _ records: TraceRecords) throws -> Bool {
    guard case .test(let finalist, let points, let sequence, var losses) = stage else { return false }
    let decoding = TracedDecoding.point(
      candidates[finalists[finalist]].candidate, points[sequence.results.count])
    losses.append(
      records.answer(prompt: split.certifying[index], decoding: decoding).map(comparison.loss) ?? 1)
    stage = .test(finalist: finalist, points: points, sequence, losses: losses)
    return try sequence.failsForCertain(lossesSoFar: losses)
  }

  // MARK: Trials

  private mutating func tryOut(round: Int) throws -> TaskList? {
    let prompts = Array(split.pilot.dropFirst(round * settings.trialPrompts).prefix(settings.trialPrompts))
    let contenders = candidates.indices.filter { !candidates[$0].plan.points.isEmpty }.map { index in
      let outcome = candidates[index]
      let point = outcome.plan.lastPoint(risk: risk, scale: outcome.riskScale) ?? 0
      return Contender(index: index, entry: .init(plan: outcome.plan, point: point))
    }
    guard round < Self.trialRounds, !prompts.isEmpty, !contenders.isEmpty else {
      return try chooseFinalists()
    }
    stage = .trial(round: round, prompts: prompts, contenders)
    return TaskList(
      stage: "trial \(round + 1) of \(Self.trialRounds)",
      groups: comparison.turns(contenders.map(\.entry), prompts: prompts))
  }

  private mutating func judgeTrial(
    _ contender: Contender, round: Int, _ prompts: [Int], _ records: TraceRecords
  ) {
    let figures = comparison.figures(contender.entry, prompts: prompts, records)
    let plan = contender.entry.plan
    let earlier = round == 0 ? nil : candidates[contender.index].trial
    let estimate =
      plan.points[figures.point].pilotRisk + (earlier.map { plan.points[$0.point].pilotRisk } ?? 0)
    let loss = figures.loss + (earlier?.loss ?? 0)
    candidates[contender.index].trial = figures
    candidates[contender.index].riskScale =
      estimate > 0
      ? min(Self.riskScales.upperBound, max(Self.riskScales.lowerBound, loss / estimate)) : 1
  }

  /// Who is tested: a single candidate always, several only if the pilot expects them to keep the risk and
  /// they were faster than full depth on trial; the fastest first.
  private mutating func chooseFinalists() throws -> TaskList? {
    let able = candidates.indices.filter { !candidates[$0].plan.points.isEmpty }
    if candidates.count > 1 {
      let fast = able.compactMap { index in candidates[index].trial?.timeRatio.map { (ratio: $0, index) } }
        .filter { $0.ratio < 1 && candidates[$0.1].plan.lastPoint(risk: risk) != nil }
      finalists = Array(fast.sorted { $0 < $1 }.map(\.1).prefix(settings.finalistCount))
    } else {
      finalists = able
    }
    return try test(0)
  }

  // MARK: Tests

  private var testingSettings: TestingSequence.Settings {
    get throws {
      try TestingSequence.Settings(
        risk: risk, delta: settings.delta / Double(max(1, finalists.count)),
        test: settings.metric.preferredTest, promptCount: split.certifying.count)
    }
  }

  /// Begins the test of a finalist, or the race behind the last one.
  private mutating func test(_ finalist: Int) throws -> TaskList? {
    let testing = try testingSettings
    guard finalist < finalists.count else { return race() }
    let outcome = candidates[finalists[finalist]]
    let points = outcome.plan.testedPoints(
      risk: risk, scale: outcome.riskScale, count: settings.maximumPoints)
    return try self.testing(
      finalist, points, TestingSequence(settings: testing, pointCount: points.count))
  }

  /// Goes on with the test of a finalist: its next point, or else the next finalist.
  private mutating func testing(
    _ finalist: Int, _ points: [Int], _ sequence: TestingSequence
  ) throws -> TaskList? {
    let index = finalists[finalist]
    let candidate = candidates[index].candidate
    switch sequence.state {
    case .testing(let step):
      stage = .test(finalist: finalist, points: points, sequence, losses: [])
      return TaskList(
        stage: "\(candidate.rawValue): point \(step + 1) of at most \(points.count)",
        groups: split.certifying.map { [.answer(prompt: $0, .point(candidate, points[step]))] })
    case .finished(let passing):
      candidates[index].certified = passing?.point
      candidates[index].verdict = passing == nil ? .refused : .slower
      return try test(finalist + 1)
    }
  }

  private mutating func judgePoint(
    _ finalist: Int, _ points: [Int], _ sequence: inout TestingSequence, _ losses: [Double],
    _ records: TraceRecords
  ) throws {
    let index = finalists[finalist]
    let plan = candidates[index].plan
    let entry = AnswerComparison.Entry(plan: plan, point: points[sequence.results.count])
    let answers = split.certifying.prefix(losses.count).compactMap {
      records.answer(prompt: $0, decoding: entry.decoding)
    }
    let result = try sequence.record(losses: losses)
    candidates[index].testedPoints.append(
      TestedPoint(
        point: entry.point, rule: plan.points[entry.point].rule, result: result, answers: answers,
        modelSeconds: comparison.modelSeconds(entry, depths: answers.flatMap(\.depths))))
  }

  // MARK: The race

  private func entry(_ index: Int) -> AnswerComparison.Entry {
    AnswerComparison.Entry(plan: candidates[index].plan, point: candidates[index].certifiedPoint)
  }

  private mutating func race() -> TaskList? {
    let passed = finalists.filter { candidates[$0].certified != nil }
    guard !passed.isEmpty else {
      stage = .finished
      return nil
    }
    let contenders = passed.map { Contender(index: $0, entry: entry($0)) }
    stage = .race(contenders)
    return TaskList(
      stage: "held-out prompts",
      groups: comparison.turns(
        contenders.map(\.entry), prompts: split.heldOut, beside: comparison.clients == [1] ? [.verified] : [])
    )
  }

  /// The fastest of those that passed is the policy, unless full depth is faster than all of several.
  private mutating func crown(_ passed: [Int]) throws -> TaskList? {
    let times = passed.map { (ratio: candidates[$0].race?.timeRatio ?? 1, index: $0) }
    stage = .finished
    guard let fastest = times.min(by: { $0 < $1 }) else { return nil }
    if candidates.count > 1, fastest.ratio >= 1 {
      for index in passed { candidates[index].verdict = .slowerThanFull }
      return nil
    }
    let winner = fastest.index
    candidates[winner].verdict = .chosen
    let entry = entry(winner)
    decision.winner = candidates[winner]
    decision.point = entry.point
    decision.guarantee = try guarantee(candidates[winner])
    stage = .answers(winner: winner)
    return TaskList(
      stage: "answers", groups: split.certifying.map { [.answer(prompt: $0, entry.decoding)] })
  }

  private func guarantee(_ outcome: CandidateOutcome) throws -> PolicyGuarantee? {
    guard let certified = outcome.certified else { return nil }
    let testing = try testingSettings
    let tested = outcome.testedPoints[certified]
    let shared = finalists.count > 1 ? ", delta shared by \(finalists.count) candidates" : ""
    return try PolicyGuarantee(
      metric: settings.metric.rawValue, risk: testing.risk, delta: settings.delta,
      prompts: testing.promptCount, method: "learn-then-test, \(testing.test.rawValue)\(shared)",
      bound: tested.bound, empiricalRisk: tested.realisedRisk, heldOutRisk: outcome.race?.loss,
      heldOutPrompts: outcome.race?.prompts, maximumTokens: settings.maximumTokens)
  }
}
