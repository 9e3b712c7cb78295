import RouterCalibration
import RouterExit
import RouterRandom
import Testing

@Suite struct PathPlannerTests {
  /// Pilot prompts of a synthetic model: an exit's confidence c is right with probability c^2, and deeper
  /// exits are surer.
  static func pilots(
    exits: [Int] = [3, 6, 9], strength: [Float] = [0.3, 0.6, 0.9], prompts: Int = 20, tokens: Int = 30,
    seed: UInt64 = 1
  ) throws -> [PilotTrace] {
    var generator = SplitMix64(seed: seed)
    return try (0..<prompts).map { prompt in
      var confidences: [Float] = []
      var agreements: [Bool] = []
      for _ in 0..<tokens {
        let ease = Float.random(in: 0..<1, using: &generator)
        for power in strength {
          let confidence = ease < power ? 1 - 0.02 * ease : Float.random(in: 0..<0.9, using: &generator)
          confidences.append(confidence)
          agreements.append(Float.random(in: 0..<1, using: &generator) < confidence * confidence)
        }
      }
      return try PilotTrace(prompt: prompt, exits: exits, confidences: confidences, agreements: agreements)
    }
  }

  static func settings(
    _ costs: TokenCosts = TokenCosts(head: 0.5), reads: ExitEstimator.Input = .logits
  ) -> PathPlanner.Settings {
    PathPlanner.Settings(risk: 0.2, layerCount: 12, costs: costs, reads: reads)
  }

  static func planner(
    _ pilots: [PilotTrace], _ settings: PathPlanner.Settings = settings()
  ) throws -> PathPlanner {
    try PathPlanner(candidate: .entropy, pilots: pilots, settings: settings)
  }

  @Test func tokensLeaveOnlyWhereTheyMay() throws {
    var settings = Self.settings()
    settings.allowed = [3, 9]
    let plan = try Self.planner(Self.pilots(), settings).plan()
    #expect(plan.points.count > 4 && plan.exits == [3, 6, 9])
    #expect(plan.payoffs.map(\.exit) == [3, 9])
    for point in plan.points {
      guard case .thresholds(let thresholds, _) = point.rule else { continue }
      #expect(thresholds[1] == nil && (thresholds[0] != nil || thresholds[2] != nil))
    }
  }

  @Test func thePathRunsFromConservativeToAggressive() throws {
    let plan = try Self.planner(Self.pilots()).plan()
    #expect(plan.points.count > 4)
    #expect(plan.fullCost == 12.5)
    let pairs = zip(plan.points, plan.points.dropFirst())
    #expect(pairs.allSatisfy { $0.pilotRisk < $1.pilotRisk && $0.pilotCost > $1.pilotCost })
    #expect(plan.points.allSatisfy { $0.pilotCost < plan.fullCost })
    #expect((plan.points.last?.pilotRisk ?? 0) > 0.2)
    #expect((plan.points.first?.pilotRisk ?? 1) < 0.1)
  }

  /// A test stops at the first point that fails: where points lie far apart, much of the tolerated risk is left
  /// unused.
  @Test func pointsWithinTheRiskLieCloseTogether() throws {
    let plan = try Self.planner(Self.pilots(prompts: 5)).plan()
    let risks = [0] + plan.points.map(\.pilotRisk).filter { $0 <= 0.2 }
    #expect(risks.count > 6)
    #expect(zip(risks, risks.dropFirst()).allSatisfy { $1 - $0 < 0.06 })
  }

  /// Every triple of thresholds on a grid, for a world small enough: the sum of cost and priced risk of the
  /// path's points is as small as the best of them, and thresholds per exit beat one for all exits.
  @Test func coordinateDescentFindsWhatAnExhaustiveSearchFinds() throws {
    let pilots = try Self.pilots(prompts: 3, tokens: 5)
    let planner = try Self.planner(pilots)
    let plan = planner.plan()
    let grid: [[Float?]] = (0..<3).map { exit in
      let scores = pilots.flatMap { pilot in
        (0..<pilot.tokenCount).map { pilot.confidence(token: $0, exitIndex: exit) }
      }
      return [nil] + scores.map { Float?.some($0) }
    }
    var outcomes: [(cost: Double, risk: Double)] = []
    for first in grid[0] {
      for second in grid[1] {
        for third in grid[2] {
          let outcome = planner.outcome([first, second, third])
          outcomes.append((outcome.cost, outcome.risk))
        }
      }
    }
    for price in [200.0, 60, 20, 8] {
      let best = outcomes.map { $0.cost + price * $0.risk }.min() ?? 0
      let found =
        plan.points.map { $0.pilotCost + price * $0.pilotRisk }.min().map { min($0, plan.fullCost) }
        ?? plan.fullCost
      // Points lie on a grid of prices, and descent may end in a local minimum.
      #expect(found <= best + 0.15)
      #expect(found >= best - 1e-9)
    }
  }

  /// Pilots with a gate that knows, with some noise, which tokens agree at each exit; full depth is the last exit.
  private static func gatedPilots(prompts: Int = 12, tokens: Int = 40) throws -> [PilotTrace] {
    var generator = SplitMix64(seed: 9)
    return try (0..<prompts).map { prompt in
      var (confidences, agreements, gates): ([Float], [Bool], [Float]) = ([], [], [])
      for _ in 0..<tokens {
        for strength: Float in [0.3, 0.6, 0.97] {
          let agrees = Float.random(in: 0..<1, using: &generator) < strength
          agreements.append(agrees)
          confidences.append(Float.random(in: 0..<0.6, using: &generator) + (agrees ? 0.4 : 0))
          gates.append(Float.random(in: 0..<0.7, using: &generator) + (agrees ? 0.3 : 0))
        }
      }
      return try PilotTrace(
        prompt: prompt, exits: [3, 6, 12], confidences: confidences, agreements: agreements, gates: gates)
    }
  }

  /// Where a question is dear, a gate saves it; full depth is an exit like others, and what is planned is what outcome
  /// says of it.
  @Test func gatesSaveQuestions() throws {
    let pilots = try Self.gatedPilots()
    let settings = Self.settings(TokenCosts(head: 1.5, argmax: 4))
    let gated = try Self.planner(pilots, settings)
    let blind = try Self.planner(
      pilots.map {
        try PilotTrace(
          prompt: $0.prompt, exits: $0.exits, confidences: $0.confidences, agreements: $0.agreements)
      }, settings)
    func best(_ plan: PathPlan) -> Double { plan.points.map { $0.pilotCost + 20 * $0.pilotRisk }.min() ?? 99 }
    let plan = gated.plan()
    #expect(best(plan) < best(blind.plan()) - 0.1)
    var (gates, tops) = (0, 0)
    for point in plan.points {
      guard case .thresholds(let thresholds, let own) = point.rule else { continue }
      #expect(own.count == 3)
      gates += own.count { $0 != nil }
      tops += thresholds[2] != nil ? 1 : 0
      let outcome = gated.outcome(thresholds, gates: own)
      #expect(abs(outcome.cost - point.pilotCost) < 1e-9 && abs(outcome.risk - point.pilotRisk) < 1e-9)
    }
    #expect(gates > 0 && tops > 0)
    for point in blind.plan().points {
      if case .thresholds(_, let own) = point.rule { #expect(own.isEmpty) }
    }
  }

  /// Points at which nobody leaves before full depth come first, and the last of them is tested.
  @Test func exitsInWidthAloneComeFirst() throws {
    let plan = try Self.planner(Self.gatedPilots(), Self.settings(TokenCosts(head: 1.5, argmax: 4))).plan()
    let last = try #require(plan.lastWidthOnlyPoint)
    for index in plan.points.indices {
      #expect(
        (plan.askedExits(at: index) == [12]) == (index <= last), "point \(index) of \(plan.points.count)")
    }
    #expect(last < plan.points.count - 1 && plan.points[last].pilotMeanDepth == 12)
    #expect(zip(plan.points, plan.points.dropFirst()).allSatisfy { $0.pilotRisk <= $1.pilotRisk })
    // Two of them are tested where tokens leave early at others, and as many as are asked for where they do not.
    let tested = plan.testedPoints(risk: plan.points[plan.points.count - 1].pilotRisk, scale: 1, count: 8)
    #expect(tested.contains(last) && tested.count { $0 < last } <= 1 && tested.count { $0 > last } >= 2)
    let cautious = plan.testedPoints(risk: plan.points[last].pilotRisk, scale: 1, count: 8)
    #expect(cautious.allSatisfy { $0 <= last })
    // Without full depth among the exits there is no such point.
    #expect(try Self.planner(Self.pilots()).plan().lastWidthOnlyPoint == nil)
  }

  /// A token that a gate stops neither pays nor leaves: 12 layers and the choice.
  @Test func aStoppedQuestionCostsNothing() throws {
    let pilot = try PilotTrace(
      prompt: 0, exits: [3], confidences: [1, 1], agreements: [true, true], gates: [0.2, 0.8])
    let planner = try Self.planner([pilot], Self.settings(TokenCosts(head: 2, argmax: 1)))
    #expect(planner.outcome([0.5], gates: [0.5]).cost == ((12 + 1) + (3 + 2)) / 2)
    #expect(planner.outcome([0.5]).cost == 3 + 2)
    #expect(planner.outcome([nil], gates: [0.5]).cost == 13)
  }

  @Test func anExitThatNeverPaysIsNotAsked() throws {
    // The middle exit is no surer than the first one: whoever passes it has passed the first one.
    let pilots = try Self.pilots(strength: [0.6, 0, 0.95])
    let plan = try Self.planner(pilots, Self.settings(TokenCosts(head: 1))).plan()
    let payoff = try #require(plan.payoffs.first { $0.exit == 6 })
    #expect(!payoff.isKept)
    #expect(payoff.exitShare == 0)
    #expect(payoff.savedLayers <= 1e-9)
    #expect(plan.payoffs.filter(\.isKept).map(\.exit) == [3, 9])
    #expect(plan.payoffs.filter(\.isKept).allSatisfy { $0.savedLayers > 0 && $0.exitShare > 0 })
    let point = try #require(plan.lastPoint(risk: 0.2))
    #expect(plan.askedExits(at: point) == [3, 9])
  }

  @Test func noExitPaysWhenHeadsAreTooDear() throws {
    // At most a fifth of the tokens can leave, so four of five pay for their questions in vain.
    let pilots = try Self.pilots(strength: [0.1, 0.15, 0.2])
    let plan = try Self.planner(pilots, Self.settings(TokenCosts(head: 20))).plan()
    // Only to let everyone leave at once, whatever is lost, is cheaper than not to ask.
    #expect(plan.lastPoint(risk: 0.5) == nil)
    #expect(plan.fullCost == 32)
    #expect(plan.payoffs.allSatisfy { !$0.isKept && $0.savedLayers <= 0 })
    // The same exits pay where a question takes no head.
    let hidden = try Self.planner(pilots, Self.settings(TokenCosts(head: 20), reads: .hidden)).plan()
    #expect(hidden.lastPoint(risk: 0.2) != nil)
  }

  @Test func costsCountEverything() throws {
    // Two tokens: one leaves at the second exit (two questions), one at full depth (two questions, one choice).
    let pilot = try PilotTrace(
      prompt: 0, exits: [3, 6], confidences: [0.1, 0.9, 0.1, 0.1], agreements: [true, true, true, true])
    func cost(_ costs: TokenCosts, _ reads: ExitEstimator.Input) throws -> Double {
      try Self.planner([pilot], Self.settings(costs, reads: reads)).outcome([0.9, 0.9]).cost
    }
    #expect(try Self.planner([pilot]).outcome([0.9, 0.9]).meanDepth == 9)
    // (6 + 12) / 2 layers, and (2 + 3) / 2 heads of 2 layers each.
    #expect(try cost(TokenCosts(head: 2), .logits) == 14)
    // The token at full depth is chosen for half a layer instead of a head.
    #expect(try cost(TokenCosts(head: 2, argmax: 0.5), .logits) == 13.25)
    // Four decisions of a quarter layer each besides, for two tokens.
    #expect(try cost(TokenCosts(head: 2, decision: 0.25), .logits) == 14.5)
    // Six skipped layers of half a layer each.
    #expect(try cost(TokenCosts(head: 2, skipped: 0.5), .logits) == 15.5)
    // No question pays a head, each token is chosen once.
    #expect(try cost(TokenCosts(head: 2, argmax: 1), .hidden) == 10)
    // The first exit is not asked: one question for each token.
    let outcome = try Self.planner([pilot], Self.settings(TokenCosts(head: 2))).outcome([nil, 0.9])
    #expect(outcome.cost == 9 + (1 + 2))
    #expect(outcome.exitCounts == [0, 1])
  }

  @Test func riskIsTheMeanOverPromptsOfTheErrorsOfTokensThatLeave() throws {
    // Errors at tokens 1 and 3 of 5; the last token does not leave early, so its disagreement is none.
    let first = try PilotTrace(
      prompt: 0, exits: [3], confidences: [0.9, 0.9, 0.9, 0.9, 0.1],
      agreements: [true, false, true, false, false])
    let second = try PilotTrace(prompt: 1, exits: [3], confidences: [0.9], agreements: [true])
    #expect(abs(try Self.planner([first]).outcome([0.5]).risk - 0.4) < 1e-12)
    #expect(abs(try Self.planner([first, second]).outcome([0.5]).risk - 0.2) < 1e-12)
    #expect(try Self.planner([first, second]).outcome([nil]).risk == 0)
  }

  @Test func decayIsTheOneThatThePolicyApplies() throws {
    let decay = try ThresholdDecay(tau: 4, length: 20)
    let pilots = try Self.pilots(prompts: 3)
    var settings = Self.settings()
    settings.decay = decay
    let lambda: Float = 0.83
    let outcome = try Self.planner(pilots, settings).outcome([lambda, lambda, lambda])
    var counts = [0, 0, 0]
    for pilot in pilots {
      for token in 0..<pilot.tokenCount {
        let threshold = decay.threshold(lambda, tokenIndex: token)
        if let exit = (0..<3).first(where: { pilot.confidence(token: token, exitIndex: $0) >= threshold }) {
          counts[exit] += 1
        }
      }
    }
    #expect(outcome.exitCounts == counts)
  }

  @Test func equalConfidencesAreNeverParted() throws {
    // Half of the tokens with confidence 0.5 are wrong: a threshold takes all of them or none.
    let pilot = try PilotTrace(
      prompt: 0, exits: [3], confidences: [Float](repeating: 0.5, count: 40),
      agreements: (0..<40).map { $0 < 20 })
    for point in try Self.planner([pilot]).plan().points {
      #expect(abs(point.pilotRisk - 0.5) < 1e-12)
      #expect(point.rule == .thresholds([0.5]))
    }
  }

  @Test func testedPointsSpreadOverTheRisks() throws {
    let plan = try Self.planner(Self.pilots()).plan()
    let points = plan.testedPoints(risk: 0.2, scale: 1, count: 6)
    #expect(points.count > 2 && points.count <= 6)
    #expect(zip(points, points.dropFirst()).allSatisfy { $0 < $1 })
    #expect(points.dropFirst().allSatisfy { plan.points[$0].pilotRisk <= 0.2 })
    // If real losses are twice the pilot's, points lie where it guesses half.
    let cautious = plan.testedPoints(risk: 0.2, scale: 2, count: 6)
    #expect(cautious.allSatisfy { plan.points[$0].pilotRisk <= 0.1 } || cautious == [0])
    #expect(plan.testedPoints(risk: 1e-9, scale: 1, count: 6) == [0] || plan.points[0].pilotRisk == 0)
  }

  @Test func aPolicyHoldsOnlyWhatItsPointNeeds() throws {
    let plan = PathPlan(
      candidate: .entropy, exits: [3, 6, 9],
      points: [.init(rule: .thresholds([nil, 0.5, nil]), pilotRisk: 0, pilotMeanDepth: 9, pilotCost: 9)],
      payoffs: [], fullCost: 12)
    let rule = try plan.policyRule(at: 0, name: "x", estimator: .entropy, decay: nil)
    #expect(
      rule
        == .threshold(
          try ThresholdPolicy(name: "x", estimator: .entropy, exits: [6], thresholds: [0.5], head: .narrow)))
    // A gate comes with the networks of the exits where it is asked.
    let gated = PathPlan(
      candidate: .entropy, exits: plan.exits,
      points: [
        .init(
          rule: .thresholds([0.7, 0.5, nil], gates: [nil, 0.3, 0.9]), pilotRisk: 0, pilotMeanDepth: 9,
          pilotCost: 9)
      ], payoffs: [], fullCost: 12)
    let gate = try LearnedEstimator(
      kind: .probe, width: 2, units: 0,
      networks: [3, 6, 9].map { .init(depth: $0, parameters: [1, 0, 0, 0, Float($0)]) })
    guard
      case .threshold(let policy) = try gated.policyRule(
        at: 0, name: "x", estimator: .entropy, gate: gate, decay: nil)
    else {
      Issue.record("\(rule)")
      return
    }
    #expect(policy.exits == [3, 6] && policy.gate?.thresholds == [nil, 0.3])
    #expect(policy.gate?.estimator.networks.map(\.depth) == [6])
    // Saturation is the cosine to the exit before, which must be passed.
    let compared = PathPlan(
      candidate: .saturation, exits: plan.exits, points: plan.points, payoffs: [], fullCost: 12)
    #expect(
      try compared.policyRule(at: 0, name: "x", estimator: .saturation, decay: nil)
        == .threshold(
          ThresholdPolicy(name: "x", estimator: .saturation, exits: [3, 6], thresholds: [nil, 0.5])))
  }

  @Test func refusesPilotsThatCannotChooseAPath() throws {
    let empty = try PilotTrace(prompt: 0, exits: [3], confidences: [], agreements: [])
    let other = try PilotTrace(prompt: 0, exits: [4], confidences: [1], agreements: [true])
    let deep = try PilotTrace(prompt: 0, exits: [13], confidences: [1], agreements: [true])
    for pilots in [[], [empty], try Self.pilots() + [other], [deep]] {
      #expect(throws: CalibrationError.self) { try Self.planner(pilots) }
    }
    for risk in [0, 1, Double.nan] {
      var settings = Self.settings()
      settings.risk = risk
      #expect(throws: CalibrationError.self) { try Self.planner([other], settings) }
    }
    #expect(throws: CalibrationError.self) {
      try Self.planner([other], Self.settings(TokenCosts(head: .nan)))
    }
  }
}
