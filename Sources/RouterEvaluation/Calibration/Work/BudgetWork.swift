import RouterCalibration
import RouterDecoding
import RouterExit

/// The way to an anytime budget: the least loss for a given amount of work, measured instead of guaranteed.
///
/// Pilot prompts choose the candidate and the point that lose least within the budget; its loss is measured on the
/// certifying prompts.
package struct BudgetWork: CalibrationWork {
  private enum Stage {
    case begin
    /// A candidate is tried at the first of these points of its path.
    case trial(candidate: Int, points: ArraySlice<Int>)
    /// The chosen one answers all prompts, then the held-out ones.
    case answers(AnswerComparison.Entry)
    case race(AnswerComparison.Entry)
    case finished
  }

  /// Steps along a path that a trial may take before the budget is given up.
  private static let trialSteps = 8

  private let settings: CalibrationSettings
  private let split: PromptSplit
  private let comparison: AnswerComparison
  private let budget: TokenBudget
  private var stage = Stage.begin
  private var best: (index: Int, point: Int, risk: Double)?
  /// What became of each candidate so far.
  package private(set) var candidates: [CandidateOutcome]
  /// Full depth where the budget allows it.
  package private(set) var decision = CalibrationDecision()

  /// - Parameter plans: one for each candidate.
  package init(
    settings: CalibrationSettings, split: PromptSplit, plans: [PathPlan], budget: TokenBudget,
    comparison: AnswerComparison
  ) {
    self.settings = settings
    self.split = split
    self.budget = budget
    self.comparison = comparison
    candidates = plans.map(CandidateOutcome.init)
  }

  private var trialPrompts: [Int] { Array(split.pilot.prefix(settings.trialPrompts)) }

  package mutating func next(_ records: TraceRecords) throws -> TaskList? {
    switch stage {
    case .begin:
      let layers = Double(comparison.layerCount)
      guard !budget.isMet(depth: layers, seconds: comparison.fullSeconds) else {
        stage = .finished
        return nil
      }
      return try tryOut(0)
    case .trial(let index, let points):
      let point = points[points.startIndex]
      let trial = comparison.figures(
        .init(plan: candidates[index].plan, point: point), prompts: trialPrompts, records)
      candidates[index].trial = trial
      guard budget.isMet(depth: trial.meanDepth, seconds: trial.modelSeconds) else {
        return try tryOut(index, points.dropFirst())
      }
      if best.map({ trial.loss < $0.risk }) ?? true { best = (index, point, trial.loss) }
      return try tryOut(index + 1)
    case .answers(let entry):
      stage = .race(entry)
      return TaskList(
        stage: "held-out prompts", groups: comparison.turns([entry], prompts: split.heldOut))
    case .race(let entry):
      try measure(entry, records)
      stage = .finished
      return nil
    case .finished: return nil
    }
  }

  /// Begins with a candidate, where the pilot expects it to meet the budget.
  private mutating func tryOut(_ index: Int) throws -> TaskList? {
    guard index < candidates.count else { return try choose() }
    candidates[index].verdict = .outdone
    let points = candidates[index].plan.points
    let hopeful = points.firstIndex {
      budget.isMet(depth: $0.pilotMeanDepth, seconds: $0.pilotCost * comparison.layerSeconds)
    }
    return try tryOut(index, hopeful.map { Array(points.indices[$0...].prefix(Self.trialSteps))[...] } ?? [])
  }

  /// Tries a candidate at the first of some points, or else the next candidate.
  private mutating func tryOut(_ index: Int, _ points: ArraySlice<Int>) throws -> TaskList? {
    guard let point = points.first else { return try tryOut(index + 1) }
    stage = .trial(candidate: index, points: points)
    let plan = candidates[index].plan
    return TaskList(
      stage: "\(plan.candidate.rawValue): trial prompts",
      groups: comparison.turns([.init(plan: plan, point: point)], prompts: trialPrompts))
  }

  private mutating func choose() throws -> TaskList? {
    guard let best else {
      let least = candidates.flatMap(\.plan.points).map(\.pilotMeanDepth).min()
      throw EvaluationError(
        .notCertified,
        "no candidate meets the budget"
          + (least.map { "; the least depth on a path is \(($0 * 10).rounded() / 10) layers" } ?? ""),
        remedy: "Allow more layers or a lower speed, or add the candidate `fixed`.")
    }
    candidates[best.index].verdict = .chosen
    let entry = AnswerComparison.Entry(plan: candidates[best.index].plan, point: best.point)
    stage = .answers(entry)
    return TaskList(
      stage: "\(entry.plan.candidate.rawValue): all prompts",
      groups: split.certifying.map { [.answer(prompt: $0, entry.decoding)] })
  }

  private mutating func measure(_ entry: AnswerComparison.Entry, _ records: TraceRecords) throws {
    guard let best else { return }
    candidates[best.index].race = comparison.figures(entry, prompts: split.heldOut, records)
    let answers = split.certifying.compactMap { records.answer(prompt: $0, decoding: entry.decoding) }
    let sample = try LossSample(answers.map(comparison.loss))
    let interval = settings.metric.preferredTest.interval(sample, delta: settings.delta)
    decision = CalibrationDecision(
      winner: candidates[best.index], point: entry.point, answers: answers,
      risk: try MeasuredRisk(
        metric: settings.metric.rawValue, mean: sample.mean, low: interval.lowerBound,
        high: interval.upperBound, confidence: 1 - settings.delta, prompts: sample.count))
  }
}
