import RouterExit

/// Chooses the path that will be tested, from pilot prompts that take no part in the test.
///
/// Nothing here needs to be right for the guarantee to hold: a bad path costs speed, never the promise,
/// because it is fixed before the certifying prompts are run.
package struct PathPlanner: Sendable {
  /// How a pilot prompt's loss is guessed from its teacher-forced trace.
  package enum Proxy: Sendable {
    /// The fraction of tokens at which the exit taken disagrees with full depth.
    case teacherForced
    /// The fraction of tokens from the first such disagreement on: after it, a free-running answer goes its
    /// own way and few positions still agree. It suits ``LossMetric/disagreement``.
    case freeRunning
  }

  /// Which exits the plan may use.
  package enum Selection: Sendable {
    /// Only those that save more layers than their heads cost; possibly none.
    case paying
    /// All of the pilot's.
    case all
  }

  /// What the planner must know.
  package struct Settings: Sendable {
    /// epsilon; the path reaches from no pilot loss to `overshoot` times this.
    package var risk: Double
    /// L.
    package var layerCount: Int
    /// What one head costs, in layers.
    package var headCost: Double
    /// What one decision costs besides its head, in layers.
    package var checkCost = 0.0
    /// Whether a question pays a head.
    package var estimatorReads: ExitEstimator.Input
    /// The decay that the policy will use.
    package var decay: ThresholdDecay?
    /// The most points that a path may have; each costs a run of all certifying prompts.
    package var maximumPoints = 12
    /// How far beyond the risk the path reaches, as the pilot's guess may be too pessimistic.
    package var overshoot = 1.5
    /// How losses are guessed.
    package var proxy = Proxy.freeRunning
    /// Which exits may be used.
    package var selection = Selection.paying

    /// Creates settings; the remaining ones have defaults.
    package init(risk: Double, layerCount: Int, headCost: Double, estimatorReads: ExitEstimator.Input) {
      self.risk = risk
      self.layerCount = layerCount
      self.headCost = headCost
      self.estimatorReads = estimatorReads
    }
  }

  /// What a threshold does to the pilot prompts.
  struct Outcome {
    let threshold: Float
    let risk: Double
    let meanDepth: Double
    let cost: Double
    /// How many tokens leave at each exit of the pilot.
    let exitCounts: [Int]
  }

  let settings: Settings
  let exits: [Int]
  let prompts: [PilotScores]
  let candidates: [Float]
  let tokenCount: Int

  /// Prepares pilot traces.
  ///
  /// - Throws: ``CalibrationError`` if there is no pilot token, if traces have different exits or exits at or
  ///   beyond full depth, or if a setting is out of range.
  package init(pilots: [PilotTrace], settings: Settings) throws(CalibrationError) {
    guard settings.risk > 0, settings.risk < 1, settings.layerCount >= 1, settings.headCost >= 0,
      settings.headCost.isFinite, settings.checkCost >= 0, settings.checkCost.isFinite,
      settings.maximumPoints >= 1, settings.overshoot >= 1,
      settings.overshoot.isFinite
    else {
      throw CalibrationError(
        code: .invalidParameter, what: "a setting of the path is out of range",
        remedy: "Use a risk between 0 and 1, a positive number of layers and points, and an overshoot of at "
          + "least 1.")
    }
    tokenCount = pilots.reduce(0) { $0 + $1.tokenCount }
    guard let exits = pilots.first?.exits, tokenCount > 0 else {
      throw CalibrationError(
        code: .invalidParameter, what: "the pilot prompts gave no token",
        remedy: "Use more pilot prompts, or prompts that the model answers.")
    }
    guard pilots.allSatisfy({ $0.exits == exits }), exits.allSatisfy({ $0 < settings.layerCount }) else {
      throw CalibrationError(
        code: .invalidParameter, what: "the pilot traces do not share exits below full depth",
        remedy: "Run the pilot prompts again with one set of exits.")
    }
    self.settings = settings
    self.exits = exits
    prompts = pilots.filter { $0.tokenCount > 0 }.map { PilotScores($0, decay: settings.decay) }
    candidates = Self.candidates(prompts)
  }

  /// Chooses exits and thresholds.
  package func plan() -> PathPlan {
    let chosen = settings.selection == .all ? Set(exits.indices) : payingExits()
    let outcomes = path(chosen)
    let target = bestWithinRisk(chosen)
    return PathPlan(
      exits: chosen.sorted().map { exits[$0] },
      points: outcomes.map {
        .init(
          threshold: $0.threshold, pilotRisk: $0.risk, pilotMeanDepth: $0.meanDepth, pilotCost: $0.cost)
      },
      payoffs: exits.indices.map { index in
        let with = bestWithinRisk(chosen.union([index]))
        let without = bestWithinRisk(chosen.subtracting([index]))
        return .init(
          exit: exits[index], isKept: chosen.contains(index),
          exitShare: chosen.contains(index) ? Double(target.exitCounts[index]) / Double(tokenCount) : 0,
          savedLayers: without.cost - with.cost)
      },
      fullCost: fullCost)
  }

  /// Cost of a token at full depth, in layers.
  private var fullCost: Double { Double(settings.layerCount) + settings.headCost }

  /// Drops, one after the other, the exit without which the policy is cheapest at the tolerated risk, as long
  /// as dropping it costs nothing.
  private func payingExits() -> Set<Int> {
    var kept = Set(exits.indices)
    var cost = bestWithinRisk(kept).cost
    while !kept.isEmpty {
      let options = kept.sorted().map { (index: $0, cost: bestWithinRisk(kept.subtracting([$0])).cost) }
      guard let cheapest = options.min(by: { $0.cost < $1.cost }), cheapest.cost <= cost else { break }
      kept.remove(cheapest.index)
      cost = cheapest.cost
    }
    return cost < fullCost ? kept : []
  }

  /// Thresholds at evenly spaced pilot risks, from 0 to `overshoot` times the risk.
  private func path(_ chosen: Set<Int>) -> [Outcome] {
    guard !chosen.isEmpty, let most = candidates.first else { return [] }
    var points = [outcome(most, chosen)]
    let outcomes = candidates.map { outcome($0, chosen) }
    let steps = max(1, settings.maximumPoints - 1)
    for step in 0...steps where points.count < settings.maximumPoints {
      let limit = settings.overshoot * settings.risk * Double(step) / Double(steps)
      guard let last = outcomes.prefix(while: { $0.risk <= limit }).last else { continue }
      if step == 0 {
        points = [last]
      } else if let previous = points.last, last.threshold < previous.threshold {
        points.append(last)
      }
    }
    return points
  }

  /// The cheapest outcome on the way to the first threshold whose pilot risk exceeds the tolerated one; full
  /// depth if there is none.
  private func bestWithinRisk(_ chosen: Set<Int>) -> Outcome {
    var best = Outcome(
      threshold: 1, risk: 0, meanDepth: Double(settings.layerCount), cost: fullCost,
      exitCounts: [Int](repeating: 0, count: exits.count))
    var isFirst = true
    guard !chosen.isEmpty else { return best }
    for threshold in candidates {
      let outcome = outcome(threshold, chosen)
      guard outcome.risk <= settings.risk else { break }
      if isFirst || outcome.cost < best.cost { best = outcome }
      isFirst = false
    }
    return best
  }

  /// What one threshold does with some of the exits.
  func outcome(_ threshold: Float, _ chosen: Set<Int>) -> Outcome {
    let asked = chosen.sorted()
    let question = settings.checkCost + (settings.estimatorReads == .logits ? settings.headCost : 0)
    var exitCounts = [Int](repeating: 0, count: exits.count)
    var layers = 0
    var questions = 0
    var risk = 0.0
    for prompt in prompts {
      var errors = 0
      var firstError: Int?
      for token in 0..<prompt.tokenCount {
        let taken = asked.firstIndex { prompt.score(token: token, exitIndex: $0) >= threshold }
        guard let taken else {
          layers += settings.layerCount
          questions += asked.count
          continue
        }
        let exit = asked[taken]
        exitCounts[exit] += 1
        layers += exits[exit]
        questions += taken + 1
        if !prompt.agrees(token: token, exitIndex: exit) {
          errors += 1
          firstError = firstError ?? token
        }
      }
      let lost =
        switch settings.proxy {
        case .teacherForced: errors
        case .freeRunning: firstError.map { prompt.tokenCount - $0 } ?? 0
        }
      risk += Double(lost) / Double(prompt.tokenCount)
    }
    // A token that leaves after a question about its logits has its head already.
    let leaving = exitCounts.reduce(0, +)
    let heads = settings.estimatorReads == .logits ? tokenCount - leaving : tokenCount
    let meanDepth = Double(layers) / Double(tokenCount)
    let headLayers = Double(questions) * question + Double(heads) * settings.headCost
    return Outcome(
      threshold: threshold, risk: risk / Double(prompts.count), meanDepth: meanDepth,
      cost: meanDepth + headLayers / Double(tokenCount), exitCounts: exitCounts)
  }

  /// At most 192 thresholds, falling: quantiles of the scores, denser among the highest ones, where the risk
  /// is decided.
  private static func candidates(_ prompts: [PilotScores]) -> [Float] {
    let scores = prompts.flatMap(\.scores).map { min(1, max(0, $0)) }.sorted(by: >)
    let count = 192
    var candidates: [Float] = []
    for step in 0..<count {
      let position = Double(step) / Double(count - 1)
      let index = Int(position * position * Double(scores.count - 1))
      if candidates.last != scores[index] { candidates.append(scores[index]) }
    }
    return candidates
  }
}

/// A pilot trace on the scale of the global threshold.
struct PilotScores {
  let exitCount: Int
  /// f32 `[T, E]`: a token leaves where this is at least lambda.
  let scores: [Float]
  let agreements: [Bool]

  var tokenCount: Int { scores.count / exitCount }

  init(_ trace: PilotTrace, decay: ThresholdDecay?) {
    exitCount = trace.exits.count
    agreements = trace.agreements
    guard let decay else {
      scores = trace.confidences
      return
    }
    // Under decay a token leaves if confidence >= 0.9 lambda + supplement(t): solve that for lambda.
    let width = trace.exits.count
    scores = trace.confidences.enumerated().map { offset, confidence in
      (confidence - decay.supplement(tokenIndex: offset / width)) / 0.9
    }
  }

  func score(token: Int, exitIndex: Int) -> Float { scores[token * exitCount + exitIndex] }

  func agrees(token: Int, exitIndex: Int) -> Bool { agreements[token * exitCount + exitIndex] }
}
