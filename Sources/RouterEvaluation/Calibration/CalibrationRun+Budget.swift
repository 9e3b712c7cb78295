import RouterCalibration
import RouterDecoding
import RouterExit

// An anytime budget: the least loss for a given amount of work, measured instead of promised.
extension CalibrationRun {
  /// Steps along a path that a trial may take before the budget is given up.
  private static let trialSteps = 8

  /// Finds, on pilot prompts, the candidate and the point that lose least within the budget, and measures its
  /// loss on the certifying prompts.
  func meetBudget(
    _ candidates: inout [CandidateOutcome], context: Double, name: String
  ) throws -> Decision {
    let layer = costs.seconds(layers: 1, rows: 1, context: context)
    let full = Double(language.layerCount) * layer + costs.choice
    let budget: Budget
    switch settings.goal {
    case .layers(let layers): budget = .layers(layers)
    case .tokensPerSecond(let speed): budget = .seconds(1 / speed)
    case .risk: return Decision()
    }
    if budget.isMet(depth: Double(language.layerCount), seconds: full) { return Decision() }
    var best: (index: Int, point: Int, risk: Double)?
    for index in candidates.indices {
      candidates[index].verdict = .outdone
      guard let point = try meetingPoint(&candidates[index], budget, layer: layer, context: context) else {
        continue
      }
      let risk = candidates[index].trial?.loss ?? 1
      if best.map({ risk < $0.risk }) ?? true { best = (index, point, risk) }
    }
    guard let best else {
      let least = candidates.flatMap(\.plan.points).map(\.pilotMeanDepth).min()
      throw EvaluationError(
        .notCertified,
        "no candidate meets the budget"
          + (least.map { "; the least depth on a path is \(($0 * 10).rounded() / 10) layers" } ?? ""),
        remedy: "Allow more layers or a lower speed, or add the candidate `fixed`.")
    }
    candidates[best.index].verdict = .chosen
    let plan = candidates[best.index].plan
    let answers = try self.answers(
      split.certifying, plan: plan, point: best.point, stage: "\(plan.candidate.rawValue): all prompts")
    candidates[best.index].race = try interleaved(
      [(plan, best.point)], prompts: split.heldOut, context: context, stage: "held-out prompts"
    ).first
    let sample = try LossSample(answers.map(loss))
    let interval = settings.metric.preferredTest.interval(sample, delta: settings.delta)
    return Decision(
      winner: candidates[best.index], point: best.point, answers: answers,
      risk: try MeasuredRisk(
        metric: settings.metric.rawValue, mean: sample.mean, low: interval.lowerBound,
        high: interval.upperBound, confidence: 1 - settings.delta, prompts: sample.count))
  }

  /// What a token may cost on average.
  private enum Budget {
    case layers(Double)
    case seconds(Double)

    func isMet(depth: Double, seconds: Double) -> Bool {
      switch self {
      case .layers(let limit): depth <= limit
      case .seconds(let limit): seconds <= limit
      }
    }
  }

  /// The most conservative point that meets the budget on trial; nil if none does.
  private func meetingPoint(
    _ outcome: inout CandidateOutcome, _ budget: Budget, layer: Double, context: Double
  ) throws -> Int? {
    let plan = outcome.plan
    let hopeful = plan.points.firstIndex {
      budget.isMet(depth: $0.pilotMeanDepth, seconds: $0.pilotCost * layer)
    }
    guard let hopeful else { return nil }
    for point in plan.points.indices[hopeful...].prefix(Self.trialSteps) {
      let figures = try interleaved(
        [(plan, point)], prompts: Array(split.pilot.prefix(settings.trialPrompts)), context: context,
        stage: "\(plan.candidate.rawValue): trial prompts")
      outcome.trial = figures.first
      guard let trial = figures.first else { return nil }
      if budget.isMet(depth: trial.meanDepth, seconds: trial.modelSeconds) { return point }
    }
    return nil
  }
}
