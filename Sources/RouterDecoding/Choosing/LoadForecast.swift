import RouterExit

/// How soon a way to decode is expected to give each of so many sequences its next token, from what sweeps of so many rows
/// cost. A pure value.
package struct LoadForecast: Sendable {
  /// Cost of a sweep of 1, 2, ... rows, never falling, in any unit.
  package let costs: [Double]
  /// Tokens that are best run together through layers that they skipped.
  package let cheapestRowCount: Int
  /// L.
  package let layerCount: Int
  /// Chance of a draft to be accepted, of text and of tokens that leave early.
  package let acceptance: Double
  package let exitAcceptance: Double
  /// What choosing a token costs of a sweep of one row.
  package let headShare: Double

  /// Drafts of a round at most.
  private static let draftLimit = 7
  /// What the narrow head costs of the head, and what a token's choice costs of it where the head is screened.
  private static let narrowShare = 0.25
  private static let choiceShare = 0.5
  /// Of the tokens that reach an exit, those that a gate lets ask there.
  private static let askedShare = 0.25
  /// Of a layer's work, what it takes to leave keys and values there.
  private static let propagationShare = 0.1

  package init(
    costs: [Double], cheapestRowCount: Int, layerCount: Int, acceptance: Double, exitAcceptance: Double,
    headShare: Double
  ) {
    self.costs = costs
    self.cheapestRowCount = cheapestRowCount
    self.layerCount = layerCount
    self.acceptance = acceptance
    self.exitAcceptance = exitAcceptance
    self.headShare = headShare
  }

  /// Time from one token of a sequence to its next, in the unit of ``costs``.
  ///
  /// - Parameter sequences: that are decoded together so, at least one.
  package func timePerToken(of way: Decoding, sequences: Int) -> Double {
    let alone = cost(rows: sequences)
    switch way {
    case .full: return alone
    case .verify: return drafting(sequences, acceptance)
    case .exit(let plan):
      let share = min(1, (plan.meanDepth ?? Double(layerCount)) / Double(layerCount))
      var rest = Self.propagationShare * alone
      if plan.keyValues == .exact {
        // Alone, tokens that left wait for each other and run the layers that they skipped together.
        let together = max(1, cheapestRowCount / sequences)
        rest = cost(rows: sequences * together) / Double(together)
      }
      let isDrafted = plan.draftsAhead && plan.keyValues == .exact && plan.policy.decidesTokensApart
      let saved = isDrafted ? drafting(sequences, exitAcceptance) / alone : 1
      let head = headShare * alone
      // The narrow head chooses at full depth, too, in place of the other.
      let choice = isAskedAtFullDepth(plan) ? Self.choiceShare * head : 0
      return saved * (share * alone + (1 - share) * rest - choice) + headReads(of: plan) * head
    }
  }

  /// Time per token where drafts are verified, as many as pay.
  private func drafting(_ sequences: Int, _ acceptance: Double) -> Double {
    var (best, yield, chance) = (cost(rows: sequences), 1.0, 1.0)
    for drafts in 1...Self.draftLimit {
      chance *= acceptance
      yield += chance
      best = min(best, cost(rows: sequences * (1 + drafts)) / yield)
    }
    return best
  }

  private func isAskedAtFullDepth(_ plan: ExitPlan) -> Bool {
    plan.policy.head == .narrow && plan.policy.exits.last == layerCount
  }

  /// Reads of the head that a policy asks for before a token leaves.
  private func headReads(of plan: ExitPlan) -> Double {
    let policy = plan.policy as? ThresholdPolicy
    if policy?.estimator.reads == .hidden { return 0 }
    let share = plan.policy.head == .narrow ? Self.narrowShare : 1
    let top = isAskedAtFullDepth(plan) ? 1.0 : 0
    let exits = Double(plan.policy.exits.count) - top
    return share * (top + exits * (policy?.gate == nil ? 1 : Self.askedShare))
  }

  /// Cost of so many rows; what is beyond the known numbers costs in proportion.
  private func cost(rows: Int) -> Double {
    if rows <= costs.count { return costs[max(rows, 1) - 1] }
    return (costs.last ?? 1) * Double(rows) / Double(costs.count)
  }
}
