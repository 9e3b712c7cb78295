import RouterEvaluation
import Testing

struct ExitPolicySweepTests {
  /// Four tokens with exits after 10 and 20 of 30 layers.
  private func sweep() -> ExitPolicySweep {
    var sweep = ExitPolicySweep(exits: [10, 20, 30])
    for (first, second) in [
      ((0.9, true), (0.95, true)), ((0.8, false), (0.9, true)), ((0.1, false), (0.7, false)),
      ((0.2, true), (0.3, true)),
    ] {
      sweep.add(confidence: Float(first.0), agrees: first.1)
      sweep.add(confidence: Float(second.0), agrees: second.1)
    }
    return sweep
  }

  @Test func everyTokenLeavesWhereItIsFirstConfident() {
    // The first three leave at 10, 10 and 20, the second and the third wrongly; the last runs all layers.
    let outcome = sweep().outcome(threshold: 0.5)
    #expect(outcome.risk == 0.5 && outcome.meanDepth == Double(10 + 10 + 20 + 30) / 4)
    // The first leaves at 10, the second at 20.
    let careful = sweep().outcome(threshold: 0.85)
    #expect(careful.risk == 0 && careful.meanDepth == Double(10 + 20 + 30 + 30) / 4)
  }

  @Test func theThresholdItselfIsConfidentEnough() {
    #expect(sweep().outcome(threshold: 0.9) == (risk: 0, meanDepth: Double(10 + 20 + 30 + 30) / 4))
  }

  @Test func moreRiskBuysNoMoreDepth() {
    let depths = sweep().meanDepths(atRisks: [0, 0.25, 0.5, 1])
    #expect(depths[0] == 22.5)
    #expect(zip(depths, depths.dropFirst()).allSatisfy(>=))
    #expect(depths[3] >= 10)
  }

  @Test func withoutTokensThereIsNothingToSave() {
    #expect(ExitPolicySweep(exits: [10, 30]).meanDepths(atRisks: [0.1]) == [0])
  }
}
