import RouterCalibration
import RouterDecoding
import RouterExit

// The paths that may be tested, by what parts of a token cost here.
extension CalibrationRun {
  /// One plan for each candidate, from the trace file or made now.
  func plans(_ pilots: [PilotAnswer], context: Double) throws -> [PathPlan] {
    try settings.candidates.enumerated().map { index, candidate in
      if let known = trace.plan(of: candidate) { return known }
      progress(Progress(stage: "paths", share: Double(index) / Double(settings.candidates.count)))
      let plan = try newPlan(candidate, pilots, context: context)
      try trace.append(.plan(plan))
      return plan
    }
  }

  private func newPlan(
    _ candidate: Candidate, _ pilots: [PilotAnswer], context: Double
  ) throws -> PathPlan {
    let costs = tokenCosts(candidate, context: context)
    let rules = try RulePlanner(answers: pilots, layerCount: language.layerCount, costs: costs)
    switch candidate {
    case .fixed: return rules.fixedDepths()
    case .patience: return rules.patiences()
    default:
      return try thresholdPlan(
        candidate, pilots.map { try pilotTrace($0, candidate) }, context: context
      ).plan
    }
  }

  /// A path of thresholds, and how it was planned.
  func thresholdPlan(
    _ candidate: Candidate, _ pilots: [PilotTrace], context: Double
  ) throws -> (plan: PathPlan, planning: PathPlanner.Settings) {
    var planning = planning(candidate, context: context)
    let plan = try PathPlanner(candidate: candidate, pilots: pilots, settings: planning).plan()
    guard case .risk(let risk) = settings.goal, plan.lastPoint(risk: risk) == nil else {
      return (plan, planning)
    }
    // Nothing at the tolerated risk saves time, but layers may be saved: that shows by how much it fails, and
    // is what someone who asks for this candidate alone wants.
    planning.costs = TokenCosts(head: 0)
    return (
      try PathPlanner(candidate: candidate, pilots: pilots, settings: planning).plan(), planning
    )
  }

  /// How thresholds of a candidate are planned.
  private func planning(_ candidate: Candidate, context: Double) -> PathPlanner.Settings {
    var planning = PathPlanner.Settings(
      risk: settings.risk, layerCount: language.layerCount,
      costs: tokenCosts(candidate, context: context), reads: candidate.reads)
    planning.decay = settings.decay
    planning.allowed = settings.exits
    return planning
  }

  /// A candidate's confidences along a pilot answer: those of networks that have not seen the prompt.
  func pilotTrace(_ answer: PilotAnswer, _ candidate: Candidate) throws -> PilotTrace {
    let learned = candidate.learned.flatMap(trace.estimator)
    return try answer.trace(of: candidate.rawValue, confidences: learned?.scores[answer.prompt])
  }

  /// What the planner minimises.
  func tokenCosts(_ candidate: Candidate, context: Double) -> TokenCosts {
    switch settings.objective {
    case .seconds: costs.tokenCosts(candidate, keyValues: settings.keyValues, context: context)
    case .layers: TokenCosts(head: 0)
    }
  }
}
