import RouterDecoding
import RouterEvaluation
import RouterExit
import RouterTestSupport
import Testing

struct CostMeterTests {
  @Test func aModelIsMeasuredWithinItsContext() throws {
    let language = try TinyLanguage.ofAllTokens()
    // Of the contexts 0, 256 and 1,024 only 0 fits into 128 positions.
    let costs = try CostMeter(language.model, repetitions: 1).measure()
    #expect(costs.rows == [1, 2, 4, 8, 16])
    #expect(costs.layers.allSatisfy { $0.base > 0 && $0.perPosition == 0 })
    #expect(costs.heads.allSatisfy { $0 > 0 })
    #expect(
      Set(costs.decisionSeconds.keys)
        == Set(
          ExitEstimator.parameterFree.map(\.name) + LearnedEstimator.Kind.allCases.map(\.rawValue)))
    #expect(costs.decisionSeconds.values.allSatisfy { $0 > 0 })
  }

  @Test func contextsBecomeALine() throws {
    let language = try TinyLanguage.ofAllTokens(contextLength: 300)
    let costs = try CostMeter(language.model, repetitions: 1).measure()
    #expect(costs.layers.allSatisfy { $0.seconds(context: 300) > 0 })
  }
}
