import RouterCalibration
import RouterDecoding
import RouterExit

/// Plans the paths that may be tested, by what parts of a token cost here.
struct PathPlanning: Sendable {
  let settings: CalibrationSettings
  let layerCount: Int
  let costs: CostModel
  /// Positions before a token, on average.
  let context: Double

  /// The path of a candidate.
  ///
  /// - Parameters:
  ///   - pilots: what exits said along full depth's answers.
  ///   - trained: the candidate's estimator, if it was trained.
  func plan(
    _ candidate: Candidate, pilots: [PilotAnswer], trained: TrainedEstimator?
  ) throws -> PathPlan {
    let rules = try RulePlanner(answers: pilots, layerCount: layerCount, costs: tokenCosts(candidate))
    switch candidate {
    case .fixed: return rules.fixedDepths()
    case .patience: return rules.patiences()
    default:
      let traces = try pilots.map { try Self.trace($0, candidate, trained: trained) }
      return try thresholdPlan(candidate, traces).plan
    }
  }

  /// A path of thresholds, and how it was planned.
  func thresholdPlan(
    _ candidate: Candidate, _ pilots: [PilotTrace]
  ) throws -> (plan: PathPlan, planning: PathPlanner.Settings) {
    var planning = PathPlanner.Settings(
      risk: settings.risk, layerCount: layerCount, costs: tokenCosts(candidate), reads: candidate.reads)
    planning.decay = settings.decay
    // Full depth is no place that anybody leaves out: the narrow head may choose there, or the full one does.
    planning.allowed = settings.exits?.union([layerCount])
    let plan = try PathPlanner(candidate: candidate, pilots: pilots, settings: planning).plan()
    guard case .risk(let risk) = settings.goal, plan.lastPoint(risk: risk) == nil else {
      return (plan, planning)
    }
    // Nothing at the tolerated risk saves time, but layers may be saved: that shows by how much it fails, and
    // is what someone who asks for this candidate alone wants.
    planning.costs = TokenCosts(head: 0)
    return (try PathPlanner(candidate: candidate, pilots: pilots, settings: planning).plan(), planning)
  }

  /// A candidate's confidences along a pilot answer, and its gate's: those of networks that have not seen the prompt.
  static func trace(
    _ answer: PilotAnswer, _ candidate: Candidate, trained: TrainedEstimator?
  ) throws -> PilotTrace {
    if candidate.head == .narrow, let measure = candidate.estimator {
      return try answer.narrowTrace(of: measure.name, gates: trained?.scores[answer.prompt])
    }
    let name = candidate.estimator?.name ?? candidate.rawValue
    return try answer.trace(of: name, confidences: trained?.scores[answer.prompt])
  }

  /// What the planner minimises.
  private func tokenCosts(_ candidate: Candidate) -> TokenCosts {
    switch settings.objective {
    case .seconds:
      costs.tokenCosts(
        candidate, keyValues: settings.keyValues, context: context, clients: settings.clients,
        layerCount: layerCount)
    case .layers: TokenCosts(head: 0)
    }
  }
}
