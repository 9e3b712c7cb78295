import RouterExit

/// A path of rules from conservative to aggressive, as chosen on pilot prompts.
package struct PathPlan: Sendable, Equatable, Codable {
  /// What decides at one point of the path.
  package enum Rule: Sendable, Equatable, Codable {
    /// A confidence in 0...1 for each of the plan's exits at which a token leaves; nil where none is asked. And one
    /// that a gate needs to ask there; nil where it always asks, none at all without a gate.
    case thresholds([Float?], gates: [Float?] = [])
    /// As many consecutive ones of these exits must agree.
    case patience(exits: [Int], count: Int)
    /// Layers for every token.
    case fixed(depth: Int)
  }

  /// One point of the path.
  package struct Point: Sendable, Equatable, Codable {
    /// What decides.
    package let rule: Rule
    /// Mean loss of the pilot prompts, teacher-forced: the fraction of tokens whose exit says something else
    /// than full depth.
    package let pilotRisk: Double
    /// Mean layers executed per pilot token.
    package let pilotMeanDepth: Double
    /// Mean cost per pilot token in layers, by the cost model.
    package let pilotCost: Double

    /// Collects what is known of a point.
    package init(rule: Rule, pilotRisk: Double, pilotMeanDepth: Double, pilotCost: Double) {
      self.rule = rule
      self.pilotRisk = pilotRisk
      self.pilotMeanDepth = pilotMeanDepth
      self.pilotCost = pilotCost
    }
  }

  /// What one exit is worth at the point closest to the tolerated risk.
  package struct Payoff: Sendable, Equatable, Codable {
    /// The depth.
    package let exit: Int
    /// Whether that point asks there.
    package let isKept: Bool
    /// The fraction of pilot tokens that leave there.
    package let exitShare: Double
    /// Layers saved per pilot token by asking there, at equal risk; not positive for one that does not pay.
    package let savedLayers: Double

    package init(exit: Int, isKept: Bool, exitShare: Double, savedLayers: Double) {
      self.exit = exit
      self.isKept = isKept
      self.exitShare = exitShare
      self.savedLayers = savedLayers
    }
  }

  /// What the path is made of.
  package let candidate: Candidate

  /// The pilot's exits, ascending: those that thresholds belong to.
  package let exits: [Int]

  /// The points, pilot risks rising and costs falling; empty if nothing is cheaper than full depth.
  package let points: [Point]

  /// What each exit is worth, ascending; empty for candidates without thresholds.
  package let payoffs: [Payoff]

  /// Cost per token at full depth, in layers: L and the choice of the token.
  package let fullCost: Double

  /// Joins the parts of a plan.
  package init(candidate: Candidate, exits: [Int], points: [Point], payoffs: [Payoff], fullCost: Double) {
    self.candidate = candidate
    self.exits = exits
    self.points = points
    self.payoffs = payoffs
    self.fullCost = fullCost
  }

  /// The depths at which a point asks, ascending.
  package func askedExits(at point: Int) -> [Int] {
    switch points[point].rule {
    case .thresholds(let thresholds, _): zip(exits, thresholds).compactMap { $1 == nil ? nil : $0 }
    case .patience(let exits, _): exits
    case .fixed: []
    }
  }

  /// 0-based index of the last point whose pilot risk, `scale` times over, is at most `risk`; nil if there is
  /// none.
  package func lastPoint(risk: Double, scale: Double = 1) -> Int? {
    points.lastIndex { $0.pilotRisk * scale <= risk }
  }

  /// 0-based index of the last point at which tokens leave at full depth alone, through the narrow head; nil if there is
  /// none. Nothing is skipped there, so that drafts go on.
  package var lastWidthOnlyPoint: Int? {
    guard candidate.head == .narrow, let top = exits.last else { return nil }
    return points.indices.last { askedExits(at: $0) == [top] && points[$0].pilotMeanDepth == Double(top) }
  }

  /// At most `count` points to test, from conservative to aggressive: from a quarter of the tolerated risk to
  /// all of it, as the pilot estimates it, `scale` times over. They lie closer where the test will end.
  ///
  /// Where tokens leave early at some, two of those at which they leave in width alone are enough.
  package func testedPoints(risk: Double, scale: Double, count: Int) -> [Int] {
    guard !points.isEmpty, count > 0 else { return [] }
    var chosen = spreadPoints(from: 0, to: risk, scale: scale, count: count)
    if let last = lastWidthOnlyPoint, let bold = chosen.last, bold > last {
      let early = (chosen.filter { $0 < last }.suffix(1) + [last]).suffix(count)
      let reached = points[last].pilotRisk * scale
      chosen =
        early
        + spreadPoints(from: reached, to: risk, scale: scale, count: count - early.count).filter { $0 > last }
    }
    // Where even the most conservative point looks too dear, only a test can tell.
    return chosen.isEmpty ? [0] : chosen
  }

  /// Points from a quarter of the way between two risks to the end of it.
  private func spreadPoints(from low: Double, to risk: Double, scale: Double, count: Int) -> [Int] {
    let steps = max(1, count - 1)
    var chosen: [Int] = []
    for step in 0..<max(0, count) {
      let left = 1 - Double(step) / Double(steps)
      let wanted = low + (risk - low) * (1 - 0.75 * left * left.squareRoot())
      guard let point = lastPoint(risk: wanted, scale: scale) else { continue }
      if let last = chosen.last, last >= point { continue }
      chosen.append(point)
    }
    return chosen
  }

  /// The rule of a policy at a point.
  ///
  /// - Parameters:
  ///   - estimator: measures what thresholds are compared with; not needed by rules without thresholds.
  ///   - gate: asked before the estimator, by rules with gates.
  /// - Throws: `PolicyError` if the parts do not fit together.
  package func policyRule(
    at point: Int, name: String, estimator: ExitEstimator?, gate: LearnedEstimator? = nil,
    decay: ThresholdDecay?
  ) throws(PolicyError) -> PolicyFile.Rule {
    switch points[point].rule {
    case .fixed(let depth): return .fixed(try FixedDepthPolicy(name: name, depth: depth))
    case .patience(let exits, let count):
      return .patience(try PatiencePolicy(name: name, exits: exits, patience: count))
    case .thresholds(let thresholds, let gates):
      guard let estimator, let deepest = thresholds.lastIndex(where: { $0 != nil }) else {
        throw PolicyError(
          code: .missingField, what: "a point of the path has no estimator or no threshold",
          remedy: "Delete the trace file and calibrate again.")
      }
      // Where an exit is compared with the one before, those that do not decide are still passed.
      let kept = (0...deepest).filter { candidate.comparesExits || thresholds[$0] != nil }
      var used = estimator
      if case .learned(let learned) = estimator {
        used = .learned(try learned.restricted(to: kept.map { exits[$0] }))
      }
      var exitGate: ExitGate?
      if let gate, kept.contains(where: { gates.indices.contains($0) && gates[$0] != nil }) {
        exitGate = ExitGate(
          estimator: try gate.restricted(to: kept.filter { gates[$0] != nil }.map { exits[$0] }),
          thresholds: kept.map { gates[$0] })
      }
      return .threshold(
        try ThresholdPolicy(
          name: name, estimator: used, exits: kept.map { exits[$0] }, thresholds: kept.map { thresholds[$0] },
          head: candidate.head, gate: exitGate, decay: decay))
    }
  }
}
