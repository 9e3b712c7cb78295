import RouterExit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Learns thresholds per exit from pilot prompts that take no part in the test.
///
/// For a price of risk mu it minimises cost + mu x risk over all exits' thresholds by coordinate descent: with
/// the other exits fixed, the best threshold of one exit, or not to ask there at all, is found exactly by one
/// walk along its scores. A falling price makes a path from conservative to aggressive; only points that are
/// cheaper than all more conservative ones stay. Between points that lie far apart, because no price of risk
/// prefers anything between them, thresholds are halved.
///
/// Nothing here needs to be right for the guarantee to hold: a bad path costs speed, never the promise,
/// because it is fixed before the certifying prompts are run.
package struct PathPlanner: Sendable {
  /// What the planner must know.
  package struct Settings: Sendable {
    /// epsilon: payoffs are stated there.
    package var risk: Double
    /// L.
    package var layerCount: Int
    /// What the parts of a token cost.
    package var costs: TokenCosts
    /// Whether a question pays a head.
    package var reads: ExitEstimator.Input
    /// The decay that the policy will use.
    package var decay: ThresholdDecay?
    /// Depths at which tokens may leave; nil for all.
    package var allowed: Set<Int>?
    /// The number of prices of risk that are tried.
    package var prices = 48

    /// Creates settings; the remaining ones have defaults.
    package init(risk: Double, layerCount: Int, costs: TokenCosts, reads: ExitEstimator.Input) {
      self.risk = risk
      self.layerCount = layerCount
      self.costs = costs
      self.reads = reads
    }
  }

  /// What some thresholds do to the pilot prompts.
  package struct Outcome {
    let bars: ExitBars
    package let risk: Double
    package let meanDepth: Double
    package let cost: Double
    /// How many tokens leave at each exit.
    package let exitCounts: [Int]
  }

  private let candidate: Candidate
  private let settings: Settings
  private let table: PilotTable
  /// Cost of a question, in layers.
  private let question: Double
  /// `[E]`: cost of a token that leaves there, its questions not included.
  private let exitCosts: [Double]
  private let fullCost: Double
  /// `[E]`: gates that are tried.
  private let gateChoices: [[Float?]]

  /// Prepares pilot traces.
  ///
  /// - Throws: ``CalibrationError`` if there is no pilot token, if traces have different exits or exits beyond full
  ///   depth, or if a setting is out of range.
  package init(
    candidate: Candidate, pilots: [PilotTrace], settings: Settings
  ) throws(CalibrationError) {
    guard settings.risk > 0, settings.risk < 1, settings.layerCount >= 1, settings.costs.areValid,
      settings.prices >= 2
    else {
      throw CalibrationError(
        code: .invalidParameter, what: "a setting of the path is out of range",
        remedy: "Use a risk between 0 and 1, a positive number of layers, and finite costs.")
    }
    table = try PilotTable(pilots, layerCount: settings.layerCount, decay: settings.decay)
    self.candidate = candidate
    self.settings = settings
    let costs = settings.costs
    let layers = settings.layerCount
    // A token that leaves after a question about its logits has been chosen with them.
    let leavingHead = settings.reads == .logits ? 0 : costs.argmax
    question = costs.decision + (settings.reads == .logits ? costs.head : 0)
    exitCosts = table.exits.map { Double($0) + Double(layers - $0) * costs.skipped + leavingHead }
    fullCost = Double(layers) + costs.argmax
    let table = table
    gateChoices = table.exits.indices.map { table.gateChoices(exit: $0) }
  }

  /// Chooses the path.
  ///
  /// Where full depth is an exit in width, points at which nobody leaves before come first: they skip no layers, and what
  /// decodes may then draft ahead.
  package func plan() -> PathPlan {
    let path = priced(asking: free)
    var points = cheaper(path.map(\.outcome), than: fullCost)
    if let top = table.exits.firstIndex(of: settings.layerCount), free.contains(top) {
      let widthOnly = cheaper(priced(asking: [top]).map(\.outcome), than: fullCost)
      if let last = widthOnly.last {
        points = widthOnly + cheaper(points.filter { $0.risk > last.risk }, than: last.cost)
      }
    }
    let target = path.last { $0.outcome.risk <= settings.risk } ?? path.first
    return PathPlan(
      candidate: candidate, exits: table.exits,
      points: refined(points).map {
        .init(
          rule: .thresholds($0.bars.thresholds, gates: table.gates.isEmpty ? [] : $0.bars.gates),
          pilotRisk: $0.risk, pilotMeanDepth: $0.meanDepth, pilotCost: $0.cost)
      },
      payoffs: target.map { payoffs($0.outcome, price: $0.price) } ?? [], fullCost: fullCost)
  }

  /// The best thresholds of some exits for each price of risk, risks rising.
  private func priced(asking: Set<Int>) -> [(outcome: Outcome, price: Double)] {
    var path: [(outcome: Outcome, price: Double)] = []
    var warm = ExitBars([Float?](repeating: nil, count: table.exits.count))
    let cold = ExitBars(table.exits.indices.map { asking.contains($0) ? Float(0) : nil })
    for price in prices {
      let starts = [warm, cold].map { solve(price: price, from: $0, asking: asking) }
      guard let best = starts.min(by: { objective($0, price) < objective($1, price) }) else { continue }
      warm = best
      path.append((outcome(best), price))
    }
    path.sort { ($0.outcome.risk, $0.outcome.cost) < ($1.outcome.risk, $1.outcome.cost) }
    return path
  }

  /// Those that cost less than all before them, and than `limit`.
  private func cheaper(_ outcomes: [Outcome], than limit: Double) -> [Outcome] {
    outcomes.reduce(into: []) { kept, outcome in
      if outcome.cost < (kept.last?.cost ?? limit) - 1e-9 { kept.append(outcome) }
    }
  }

  /// The path with points half way, threshold by threshold, wherever the risk leaps by more than a twentieth of
  /// the tolerated one; an exit that only one side asks is half way between its threshold and none.
  private func refined(_ path: [Outcome]) -> [Outcome] {
    var result = path
    for _ in 0..<3 {
      var finer: [Outcome] = []
      for point in result {
        if let last = finer.last, point.risk - last.risk > settings.risk / 20, last.risk < settings.risk {
          let middle = outcome(last.bars.middle(to: point.bars))
          if middle.risk > last.risk, middle.risk < point.risk, middle.cost < last.cost,
            middle.cost > point.cost
          {
            finer.append(middle)
          }
        }
        finer.append(point)
      }
      result = finer
    }
    return result
  }

  /// Prices of risk, falling, in layers for a risk of 1: from one that even a single error in hundreds of
  /// tokens makes too dear, to one that nobody heeds.
  private var prices: [Double] {
    let most = 200 * Double(settings.layerCount)
    let least = 0.1 * Double(settings.layerCount)
    return (0..<settings.prices).map { step in
      most * pow(least / most, Double(step) / Double(settings.prices - 1))
    }
  }

  private func payoffs(_ outcome: Outcome, price: Double) -> [PathPlan.Payoff] {
    let free = self.free
    return free.sorted().map { exit in
      var start = outcome.bars
      let with = objective(solve(price: price, from: start, asking: free, forced: exit), price)
      start.thresholds[exit] = nil
      let without = objective(solve(price: price, from: start, asking: free.subtracting([exit])), price)
      return .init(
        exit: table.exits[exit], isKept: outcome.bars.thresholds[exit] != nil,
        exitShare: Double(outcome.exitCounts[exit]) / Double(table.tokenCount), savedLayers: without - with)
    }
  }

  /// Indices of the exits at which tokens may leave.
  private var free: Set<Int> {
    Set(table.exits.indices.filter { settings.allowed?.contains(table.exits[$0]) ?? true })
  }

  private func objective(_ bars: ExitBars, _ price: Double) -> Double {
    let outcome = outcome(bars)
    return outcome.cost + price * outcome.risk
  }

  /// Coordinate descent until a sweep changes nothing.
  ///
  /// - Parameters:
  ///   - asking: exits that may be asked.
  ///   - forced: an exit that is asked even where that costs more than it saves.
  private func solve(
    price: Double, from start: ExitBars, asking: Set<Int>, forced: Int? = nil
  ) -> ExitBars {
    var bars = start
    for _ in 0..<8 {
      let before = bars
      sweep(&bars, price: price, asking: asking, forced: forced)
      if bars == before { break }
    }
    return bars
  }

  /// Sets each exit's bars in turn, from the deepest: what a token costs if it goes on is known then.
  private func sweep(_ bars: inout ExitBars, price: Double, asking: Set<Int>, forced: Int?) {
    let first = table.firstExits(bars)
    let count = table.tokenCount
    // What a token costs, its price of risk included, if it goes on beyond the exit at hand.
    var further = [Double](repeating: fullCost, count: count)
    for exit in table.exits.indices.reversed() {
      let agrees = table.agrees[exit]
      let scores = table.scores[exit]
      let leavingCost = exitCosts[exit]
      let scale = price * Double(count)
      func leaving(_ token: Int) -> Double {
        agrees[token] ? leavingCost : leavingCost + scale * table.weights[token]
      }
      (bars.thresholds[exit], bars.gates[exit]) = (nil, nil)
      guard asking.contains(exit) else { continue }
      var best: (gain: Double, threshold: Float, gate: Float?)?
      for gate in gateChoices[exit] {
        let found = bestThreshold(exit, gate: gate, first: first) { further[$0] - leaving($0) }
        if let found, found.gain > best?.gain ?? -.infinity { best = (found.gain, found.threshold, gate) }
      }
      guard let best, best.gain > 1e-9 || exit == forced else { continue }
      (bars.thresholds[exit], bars.gates[exit]) = (best.threshold, best.gate)
      for token in 0..<count where table.passes(token, exit: exit, best.gate) {
        further[token] = question + (scores[token] >= best.threshold ? leaving(token) : further[token])
      }
    }
  }

  /// The threshold of one exit that gains most behind a gate, questions paid; nil if no token gets there.
  ///
  /// - Parameters:
  ///   - first: where each token leaves by the other bars.
  ///   - gain: what it gains that a token leaves here.
  private func bestThreshold(
    _ exit: Int, gate: Float?, first: [Int], gain: (Int) -> Double
  ) -> (gain: Double, threshold: Float)? {
    let scores = table.scores[exit]
    var best: (gain: Double, threshold: Float)?
    var (sum, reaching, pending) = (0.0, 0, Float?.none)
    for token in table.order[exit].lazy.map(Int.init)
    where first[token] >= exit && table.passes(token, exit: exit, gate) {
      // A threshold cannot part equal scores.
      if let pending, scores[token] < pending, (0...1).contains(pending), sum > best?.gain ?? -.infinity {
        best = (sum, pending)
      }
      sum += gain(token)
      reaching += 1
      pending = scores[token]
    }
    if let pending, (0...1).contains(pending), sum > best?.gain ?? -.infinity { best = (sum, pending) }
    return best.map { ($0.gain - question * Double(reaching), $0.threshold) }
  }

  /// What thresholds do, behind gates or none.
  package func outcome(_ thresholds: [Float?], gates: [Float?] = []) -> Outcome {
    var bars = ExitBars(thresholds)
    if !gates.isEmpty { bars.gates = gates }
    return outcome(bars)
  }

  /// What bars do.
  private func outcome(_ bars: ExitBars) -> Outcome {
    let first = table.firstExits(bars)
    var exitCounts = [Int](repeating: 0, count: table.exits.count)
    var (risk, cost, depth) = (0.0, 0.0, 0)
    let asking = table.exits.indices.filter { bars.thresholds[$0] != nil }
    for token in 0..<table.tokenCount {
      let exit = first[token]
      let questions = asking.count { $0 <= exit && table.passes(token, exit: $0, bars.gates[$0]) }
      cost += Double(questions) * question
      guard exit < table.exits.count else {
        depth += settings.layerCount
        cost += fullCost
        continue
      }
      exitCounts[exit] += 1
      depth += table.exits[exit]
      cost += exitCosts[exit]
      if !table.agrees[exit][token] { risk += table.weights[token] }
    }
    let count = Double(table.tokenCount)
    return Outcome(
      bars: bars, risk: risk, meanDepth: Double(depth) / count, cost: cost / count, exitCounts: exitCounts)
  }
}
