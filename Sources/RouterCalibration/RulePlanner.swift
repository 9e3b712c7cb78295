import RouterExit

/// Paths of the rules that have no thresholds, from pilot answers: patience and fixed depth.
package struct RulePlanner: Sendable {
  private let answers: [PilotAnswer]
  private let layerCount: Int
  private let costs: TokenCosts
  private let tokenCount: Int

  /// Prepares pilot answers.
  ///
  /// - Throws: ``CalibrationError`` if there is no token.
  package init(answers: [PilotAnswer], layerCount: Int, costs: TokenCosts) throws(CalibrationError) {
    self.answers = answers.filter { $0.tokenCount > 0 }
    self.layerCount = layerCount
    self.costs = costs
    tokenCount = self.answers.reduce(0) { $0 + $1.tokenCount }
    guard tokenCount > 0 else {
      throw CalibrationError(
        code: .invalidParameter, what: "the pilot prompts gave no token",
        remedy: "Use more pilot prompts, or prompts that the model answers.")
    }
  }

  private var exits: [Int] { answers.first?.exits ?? [] }

  private var fullCost: Double { Double(layerCount) + costs.argmax }

  /// Every depth of an exit.
  package func fixedDepths() -> PathPlan {
    plan(.fixed, exits.map { PathPlan.Rule.fixed(depth: $0) })
  }

  /// Every suffix of the exits with every patience that it allows.
  package func patiences() -> PathPlan {
    var rules: [PathPlan.Rule] = []
    for start in exits.indices {
      let suffix = Array(exits[start...])
      guard suffix.count >= 2 else { continue }
      rules += (2...suffix.count).map { .patience(exits: suffix, count: $0) }
    }
    return plan(.patience, rules)
  }

  private func plan(_ candidate: Candidate, _ rules: [PathPlan.Rule]) -> PathPlan {
    let points = rules.map(point).sorted {
      ($0.pilotRisk, $0.pilotCost) < ($1.pilotRisk, $1.pilotCost)
    }
    var kept: [PathPlan.Point] = []
    for point in points where point.pilotCost < (kept.last?.pilotCost ?? fullCost) - 1e-9 {
      kept.append(point)
    }
    return PathPlan(candidate: candidate, exits: exits, points: kept, payoffs: [], fullCost: fullCost)
  }

  private func point(_ rule: PathPlan.Rule) -> PathPlan.Point {
    var (risk, depth, cost) = (0.0, 0, 0.0)
    for answer in answers {
      var errors = 0
      for token in 0..<answer.tokenCount {
        let (index, questions) = fate(rule, answer, token)
        let taken = index.map { exits[$0] } ?? layerCount
        depth += taken
        // A token that leaves after a question has been chosen by the answer.
        let choices = questions > 0 && index != nil ? 0 : 1
        cost += Double(taken) + Double(layerCount - taken) * costs.skipped
        cost += Double(questions) * (costs.decision + costs.head) + Double(choices) * costs.argmax
        if let index, !answer.agrees(token: token, exitIndex: index) { errors += 1 }
      }
      risk += Double(errors) / Double(answer.tokenCount)
    }
    return PathPlan.Point(
      rule: rule, pilotRisk: risk / Double(answers.count), pilotMeanDepth: Double(depth) / Double(tokenCount),
      pilotCost: cost / Double(tokenCount))
  }

  /// Where a token leaves, as an index of the exits, and how many questions it was asked.
  private func fate(
    _ rule: PathPlan.Rule, _ answer: PilotAnswer, _ token: Int
  ) -> (exit: Int?, questions: Int) {
    switch rule {
    case .fixed(let depth): return (exits.firstIndex(of: depth), 0)
    case .thresholds: return (nil, 0)
    case .patience(let asked, let count):
      let start = exits.count - asked.count
      var run = 0
      var last: Int32?
      for index in start..<exits.count {
        let choice = answer.choices[token * exits.count + index]
        run = choice == last ? run + 1 : 1
        last = choice
        if run >= count { return (index, index - start + 1) }
      }
      return (nil, asked.count)
    }
  }
}
