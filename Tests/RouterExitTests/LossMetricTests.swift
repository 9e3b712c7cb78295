import RouterExit
import Testing

struct LossMetricTests {
  @Test func onlyALostRightAnswerIsALoss() {
    #expect(LossMetric.exactMatchLoss(fullIsRight: true, exitIsRight: false) == 1)
    #expect(LossMetric.exactMatchLoss(fullIsRight: true, exitIsRight: true) == 0)
    #expect(LossMetric.exactMatchLoss(fullIsRight: false, exitIsRight: false) == 0)
    #expect(LossMetric.exactMatchLoss(fullIsRight: false, exitIsRight: true) == 0)
  }

  /// What audits of a running server can measure needs the model alone.
  @Test func lossesThatNeedAnExpectedAnswerAreNotAudited() throws {
    #expect(LossMetric.allCases.filter(\.isAuditable) == [.disagreement, .rougeL])
    func guarantee(_ metric: String) throws -> PolicyGuarantee {
      try PolicyGuarantee(
        metric: metric, risk: 0.1, delta: 0.1, prompts: 60, method: "betting", bound: 0.1, empiricalRisk: 0,
        maximumTokens: 8)
    }
    #expect(try guarantee("rouge-l").auditableMetric == .rougeL)
    #expect(try guarantee("exact-match").auditableMetric == nil)
    #expect(try guarantee("exact-match").lossMetric == .exactMatch)
    // A policy file may name a loss of another version.
    #expect(try guarantee("something new").lossMetric == nil)
  }
}
