import RouterCalibration
import RouterDecoding
import RouterExit

// The path that will be tested: thresholds, and the exits that pay by what parts of a token cost here.
extension CalibrationRun {
  /// Positions before a generated token, on average: a pilot prompt and half of an answer.
  func meanContext() throws -> Double {
    let lengths = try split.pilot.map { try promptTokens($0).count }
    let prompt = Double(lengths.reduce(0, +)) / Double(max(lengths.count, 1))
    return min(prompt + Double(settings.maximumTokens) / 2, Double(language.contextLength))
  }

  /// The plan of the trace file, or a new one, which is written there.
  func recordedPlan(context: Double) throws -> PathPlan {
    if let plan = trace.plan { return plan }
    let plan = try newPlan(context: context)
    try trace.append(.plan(plan))
    return plan
  }

  private func newPlan(context: Double) throws -> PathPlan {
    var planning = PathPlanner.Settings(
      risk: settings.risk, layerCount: language.layerCount, headCost: costs.headInLayers(context: context),
      estimatorReads: settings.estimator.reads)
    planning.checkCost = costs.checkInLayers(settings.estimator, context: context)
    planning.decay = settings.decay
    planning.proxy = .teacherForced
    planning.maximumPoints = settings.maximumPoints
    switch settings.selection {
    case .all: return try plan(planning, .all)
    case .used: return try usedPlan(planning)
    case .paying: return try plan(planning, .paying)
    case .auto:
      let paying = try plan(planning, .paying)
      return paying.exits.isEmpty ? try usedPlan(planning) : paying
    }
  }

  private func plan(
    _ planning: PathPlanner.Settings, _ selection: PathPlanner.Selection, exits: [Int]? = nil
  ) throws -> PathPlan {
    var planning = planning
    planning.selection = selection
    let pilots = try exits.map { exits in try trace.pilots.map { try $0.restricted(to: exits) } }
    return try PathPlanner(pilots: pilots ?? trace.pilots, settings: planning).plan()
  }

  /// A plan of the exits at which some pilot token leaves.
  private func usedPlan(_ planning: PathPlanner.Settings) throws -> PathPlan {
    let all = try plan(planning, .all)
    let used = all.payoffs.filter { $0.exitShare > 0 }.map(\.exit)
    guard !used.isEmpty, used.count < all.exits.count else { return all }
    return try plan(planning, .all, exits: used)
  }
}
