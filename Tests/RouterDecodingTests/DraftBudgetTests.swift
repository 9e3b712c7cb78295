import RouterDecoding
import Testing

/// Which drafts pay: alone, and in company.
struct DraftBudgetTests {
  private let costs = SweepCosts(followsTimes: false).costs

  /// Drafts of a source that a round alone takes, after what has been seen of it.
  private func length(accepting isAccepted: Bool, beside others: Int = 0) -> Int {
    let source = DraftSource.context(order: 1)
    let statistics = AcceptanceStatistics()
    for _ in 0..<100 { statistics.record([(source: source, isAccepted: isAccepted)]) }
    var (budget, chances) = (DraftBudget(costs: costs, rows: 1 + others), DraftChances())
    var length = 0
    while length < 7, budget.pays(chances.last * statistics.acceptance(of: source)) {
      chances.add(acceptance: statistics.acceptance(of: source))
      budget.add(chances.last)
      length += 1
    }
    return length
  }

  @Test func acceptedDraftsAreTriedFurther() {
    #expect(length(accepting: false) == 0)
    #expect(length(accepting: true) == 7)
  }

  /// A row costs the more, the more there are: what is likely goes on, what is not stops.
  @Test func draftsFadeOutInCompany() {
    var chances = [0.9, 0.5, 0.3].map { chance in
      (0..<32).map { DraftBudget(costs: costs, rows: $0 + 1).pays(chance) }
    }
    // Whoever pays at many rows pays at few.
    for pays in chances {
      let last = pays.lastIndex(of: true) ?? -1
      #expect(pays.prefix(4).allSatisfy { $0 == pays[0] } && last < 31)
    }
    let counts = chances.map { $0.count { $0 } }
    #expect(counts == counts.sorted(by: >) && counts[0] > counts[2])
    chances.removeAll()
  }

  @Test func aBudgetEndsWithWhatIsKnownOfCosts() {
    let budget = DraftBudget(costs: [1, 1, 1], rows: 3)
    #expect(!budget.hasRoom && !budget.pays(1))
    #expect(DraftBudget(costs: [1, 1, 1], rows: 2).pays(0.01))
    #expect(!DraftBudget(costs: [1, 1, 1], rows: 2).pays(0.1, extra: 1))
  }

  @Test func chancesMultiplyAlongARound() {
    var chances = DraftChances()
    for _ in 0..<3 { chances.add(acceptance: 0.5) }
    #expect(chances.last == 0.125)
    #expect(chances.rowCount(reachedWith: 0.25) == 3 && chances.rowCount(reachedWith: 0.6) == 1)
  }
}
