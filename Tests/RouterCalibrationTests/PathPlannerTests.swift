import RouterExit
import Testing

@testable import RouterCalibration

@Suite struct PathPlannerTests {
  /// Pilot prompts of a synthetic model: an exit's confidence c is right with probability c^`honesty`, and
  /// deeper exits are surer.
  static func pilots(
    exits: [Int] = [3, 6, 9], strength: [Float] = [0.3, 0.6, 0.9], prompts: Int = 20, tokens: Int = 30,
    seed: UInt64 = 1
  ) throws -> [PilotTrace] {
    var generator = SeededGenerator(seed: seed)
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

  static func settings(headCost: Double = 0.5, reads: ExitEstimator.Input = .logits) -> PathPlanner.Settings {
    var settings = PathPlanner.Settings(risk: 0.2, layerCount: 12, headCost: headCost, estimatorReads: reads)
    settings.proxy = .teacherForced
    return settings
  }

  @Test func thePathRunsFromConservativeToAggressive() throws {
    let plan = try PathPlanner(pilots: Self.pilots(), settings: Self.settings()).plan()
    #expect(plan.points.count > 4)
    #expect(plan.points.count <= 12)
    let pairs = zip(plan.points, plan.points.dropFirst())
    #expect(pairs.allSatisfy { $0.threshold > $1.threshold })
    #expect(pairs.allSatisfy { $0.pilotMeanDepth >= $1.pilotMeanDepth })
    #expect(plan.points.allSatisfy { $0.pilotRisk <= 1.5 * 0.2 })
    #expect((plan.points.last?.pilotRisk ?? 0) > 0.2)
    #expect(plan.thresholds(at: 0) == plan.exits.map { _ in plan.points[0].threshold })
  }

  @Test func theFirstPointLosesNothingOnThePilotIfAnyThresholdDoes() throws {
    // Right whenever the confidence is at least 0.7.
    let confidences: [Float] = (0..<100).map { Float($0) / 100 }
    let pilot = try PilotTrace(
      prompt: 0, exits: [3], confidences: confidences, agreements: confidences.map { $0 >= 0.7 })
    let plan = try PathPlanner(pilots: [pilot], settings: Self.settings()).plan()
    #expect(plan.points[0].pilotRisk == 0)
    #expect(abs(plan.points[0].threshold - 0.7) < 0.02)
  }

  @Test func anExitThatNeverPaysIsDropped() throws {
    // The middle exit is no surer than the first one: whoever passes it has passed the first one.
    let pilots = try Self.pilots(strength: [0.6, 0, 0.95])
    let plan = try PathPlanner(pilots: pilots, settings: Self.settings(headCost: 1)).plan()
    #expect(!plan.exits.contains(6))
    #expect(plan.exits.contains(3))
    let payoff = try #require(plan.payoffs.first { $0.exit == 6 })
    #expect(!payoff.isKept)
    #expect(payoff.savedLayers <= 0)
    #expect(plan.payoffs.filter(\.isKept).allSatisfy { $0.savedLayers > 0 })
  }

  @Test func noExitPaysWhenHeadsAreTooDear() throws {
    // At most a fifth of the tokens can leave, so four of five pay for their questions in vain.
    let pilots = try Self.pilots(strength: [0.1, 0.15, 0.2])
    let plan = try PathPlanner(pilots: pilots, settings: Self.settings(headCost: 20)).plan()
    #expect(plan.exits.isEmpty)
    #expect(plan.points.isEmpty)
    #expect(plan.fullCost == 32)
    #expect(plan.payoffs.allSatisfy { !$0.isKept && $0.savedLayers <= 0 })
    var all = Self.settings(headCost: 20)
    all.selection = .all
    #expect(try PathPlanner(pilots: pilots, settings: all).plan().exits == [3, 6, 9])
  }

  @Test func estimatorsOnTheHiddenStatePayOneHeadOnly() throws {
    let planner = try PathPlanner(
      pilots: Self.pilots(), settings: Self.settings(headCost: 20, reads: .hidden))
    let outcome = planner.outcome(0.99, [0, 1, 2])
    #expect(abs(outcome.cost - outcome.meanDepth - 20) < 1e-9)
    #expect(!planner.plan().exits.isEmpty)
  }

  @Test func costsCountEveryHead() throws {
    // Two tokens: one leaves at the second exit (two questions), one at full depth (two questions, one head
    // more).
    let pilot = try PilotTrace(
      prompt: 0, exits: [3, 6], confidences: [0.1, 0.9, 0.1, 0.1], agreements: [true, true, true, true])
    let planner = try PathPlanner(pilots: [pilot], settings: Self.settings(headCost: 2))
    let outcome = planner.outcome(0.9, [0, 1])
    // (6 + 12) / 2 layers, and (2 + 3) / 2 heads of 2 layers each.
    #expect(outcome.meanDepth == 9)
    #expect(outcome.cost == 14)
    #expect(outcome.exitCounts == [0, 1])
    // Four decisions of a quarter layer each besides, for two tokens.
    var settings = Self.settings(headCost: 2)
    settings.checkCost = 0.25
    #expect(try PathPlanner(pilots: [pilot], settings: settings).outcome(0.9, [0, 1]).cost == 14.5)
  }

  @Test func theFreeRunningProxyCountsEverythingAfterTheFirstError() throws {
    // Errors at tokens 1 and 3 of 5; the last token does not leave early, so its disagreement is none.
    let pilot = try PilotTrace(
      prompt: 0, exits: [3], confidences: [0.9, 0.9, 0.9, 0.9, 0.1],
      agreements: [true, false, true, false, false])
    var settings = Self.settings()
    #expect(try PathPlanner(pilots: [pilot], settings: settings).outcome(0.5, [0]).risk == 0.4)
    settings.proxy = .freeRunning
    #expect(try PathPlanner(pilots: [pilot], settings: settings).outcome(0.5, [0]).risk == 0.8)
  }

  @Test func decayIsTheOneThatThePolicyApplies() throws {
    let decay = try ThresholdDecay(tau: 4, length: 20)
    let pilots = try Self.pilots(prompts: 3)
    var settings = Self.settings()
    settings.decay = decay
    let planner = try PathPlanner(pilots: pilots, settings: settings)
    let lambda: Float = 0.83
    let outcome = planner.outcome(lambda, [0, 1, 2])
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

  @Test func aHopelessPilotStillGivesAPathThatTheTestWillRefuse() throws {
    let pilot = try PilotTrace(
      prompt: 0, exits: [3], confidences: [Float](repeating: 1, count: 50),
      agreements: [Bool](repeating: false, count: 50))
    var settings = Self.settings()
    settings.selection = .all
    let plan = try PathPlanner(pilots: [pilot], settings: settings).plan()
    #expect(plan.points.count == 1)
    #expect(plan.points[0].pilotRisk == 1)
  }

  @Test func refusesPilotsThatCannotChooseAPath() throws {
    let empty = try PilotTrace(prompt: 0, exits: [3], confidences: [], agreements: [])
    let other = try PilotTrace(prompt: 0, exits: [4], confidences: [1], agreements: [true])
    let deep = try PilotTrace(prompt: 0, exits: [12], confidences: [1], agreements: [true])
    for pilots in [[], [empty], try Self.pilots() + [other], [deep]] {
      #expect(throws: CalibrationError.self) { try PathPlanner(pilots: pilots, settings: Self.settings()) }
    }
    for risk in [0, 1, Double.nan] {
      var settings = Self.settings()
      settings.risk = risk
      #expect(throws: CalibrationError.self) { try PathPlanner(pilots: [deep], settings: settings) }
    }
  }
}
