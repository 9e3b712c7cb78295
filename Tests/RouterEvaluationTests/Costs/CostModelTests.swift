import Foundation
import RouterCalibration
import RouterDecoding
import RouterEvaluation
import RouterExit
import Testing

struct CostModelTests {
  private func costs() throws -> CostModel {
    try CostModel(
      rows: [1, 2, 4],
      layers: [
        CostLine(base: 10, perPosition: 1), CostLine(base: 12, perPosition: 1),
        CostLine(base: 20, perPosition: 2),
      ],
      heads: [30, 32, 40], narrowHeads: [6, 8, 12], choices: [20, 24, 32],
      decisionSeconds: ["entropy": 5, "probe": 1], propagation: 2)
  }

  @Test func aLineGoesThroughItsPoints() {
    let line = CostLine(fitting: [(0, 3), (10, 5), (30, 9)])
    #expect(abs(line.base - 3) < 1e-12 && abs(line.perPosition - 0.2) < 1e-12)
    #expect(abs(line.seconds(context: 100) - 23) < 1e-9)
  }

  @Test func aFallingOrSinglePointIsTheMean() {
    #expect(CostLine(fitting: [(0, 3), (10, 1)]) == CostLine(base: 2, perPosition: 0))
    #expect(CostLine(fitting: [(5, 4)]) == CostLine(base: 4, perPosition: 0))
  }

  /// Between 2 and 4 rows half way: (12 + 20) / 2; beyond 4 on by 4 seconds a row.
  @Test(arguments: [(1, 10.0), (2, 12.0), (3, 16.0), (4, 20.0), (6, 28.0)])
  func rowsAreInterpolated(_ rows: Int, _ expected: Double) throws {
    #expect(try costs().seconds(layers: 1, rows: rows, context: 0) == expected)
  }

  @Test func layersAndContextAdd() throws {
    let costs = try costs()
    #expect(costs.seconds(layers: 3, rows: 1, context: 5) == 45)
    #expect(costs.headSeconds() == 30 && costs.headSeconds(rows: 3) == 36)
    #expect(costs.headInLayers(context: 5) == 2)
    #expect(costs.decisionInLayers(ExitEstimator.entropy, context: 0) == 0.5)
    #expect(costs.decisionSeconds(ExitEstimator.saturation) == 0)
  }

  /// Tokens of 2 and 4 layers, both asked at exits 1 and 2, with heads of 3 layers, choices of 2, and 0.2 for each
  /// skipped layer.
  @Test func tokensPayForLayersQuestionsAndHeads() throws {
    func cost(_ reads: ExitEstimator.Input, decision: Double, asked: [Int] = [1, 2]) -> Double? {
      CostModel.cost(
        depths: [2, 4], asked: asked, layerCount: 4, reads: reads,
        costs: TokenCosts(head: 3, argmax: 2, decision: decision, skipped: 0.2))
    }
    // 2 + 2 * 3.5 + 0.4 and 4 + 2 * 3.5 + 2.
    #expect(try #require(cost(.logits, decision: 0.5)) == 11.2)
    // 2 + 2 * 0.1 + 2 + 0.4 and 4 + 2 * 0.1 + 2.
    #expect(abs(try #require(cost(.hidden, decision: 0.1)) - 5.4) < 1e-12)
    #expect(abs(try #require(cost(.hidden, decision: 0, asked: [])) - 5.2) < 1e-12)
    #expect(
      CostModel.cost(depths: [], asked: [1], layerCount: 4, reads: .logits, costs: TokenCosts(head: 1)) == nil
    )
  }

  @Test func costsInLayers() throws {
    let costs = try costs()
    let propagated = costs.tokenCosts(.probe, keyValues: .propagate, context: 0)
    #expect(propagated.isNear(TokenCosts(head: 3, argmax: 2, decision: 0.1, skipped: 0.2)))
    // Three more rows take 10 seconds more.
    let exact = costs.tokenCosts(.probe, keyValues: .exact, context: 0)
    #expect(abs(exact.skipped - 1.0 / 3) < 1e-12)
    let narrow = costs.tokenCosts(.entropy, keyValues: .propagate, context: 0)
    #expect(narrow.isNear(TokenCosts(head: 0.6, argmax: 2, decision: 0.5, skipped: 0.2)))
  }

  /// Of four sequences together, a layer of 20 seconds is 5 for each, and one more row takes 4.
  @Test func partsAreSharedInCompany() throws {
    let costs = try costs()
    let four = costs.tokenCosts(.entropy, keyValues: .exact, context: 0, clients: [4], layerCount: 2)
    #expect(four.isNear(TokenCosts(head: 12.0 / 20, argmax: 32.0 / 20, decision: 1, skipped: 4.0 / 5)))
    #expect(
      costs.tokenCosts(.probe, keyValues: .propagate, context: 0, clients: [4]).isNear(
        TokenCosts(head: 2, argmax: 1.6, decision: 0.2, skipped: 0.2)))
    #expect(costs.layerSeconds(context: 0, clients: [1, 4]) == 7.5)
  }

  /// Full depth takes 40 seconds alone (two layers of 10, a choice of 20), 18 for each of four (of 5, of 8).
  @Test func ofSeveralLoadsEachCountsAlike() throws {
    let both = try costs().tokenCosts(
      .fixed, keyValues: .propagate, context: 0, clients: [1, 4], layerCount: 2)
    let layer = 10.0 / 40 + 5.0 / 18
    #expect(
      both.isNear(
        TokenCosts(
          head: (30.0 / 40 + 10.0 / 18) / layer, argmax: (20.0 / 40 + 8.0 / 18) / layer,
          skipped: (2.0 / 40 + 1.0 / 18) / layer)))
  }

  @Test func storedCostsAreTheSame() throws {
    let costs = try costs()
    #expect(try JSONDecoder().decode(CostModel.self, from: JSONEncoder().encode(costs)) == costs)
  }

  @Test(
    arguments: [
      #"{"rows": [], "layers": [], "heads": [], "choices": [], "narrow_heads": [], "propagation": 0, "checks": {}}"#,
      #"{"rows": [2], "layers": [{"base": 1, "per_position": 0}], "heads": [1], "choices": [1], "narrow_heads": [1], "propagation": 0, "checks": {}}"#,
      #"{"rows": [1, 1], "layers": [{"base": 1, "per_position": 0}, {"base": 1, "per_position": 0}], "heads": [1, 1], "choices": [1, 1], "narrow_heads": [1, 1], "propagation": 0, "checks": {}}"#,
      #"{"rows": [1], "layers": [], "heads": [1], "choices": [1], "narrow_heads": [1], "propagation": 0, "checks": {}}"#,
      #"{"rows": [1], "layers": [{"base": 0, "per_position": 0}], "heads": [1], "choices": [1], "narrow_heads": [1], "propagation": 0, "checks": {}}"#,
      #"{"rows": [1], "layers": [{"base": 1, "per_position": 0}], "heads": [-1], "choices": [-1], "narrow_heads": [-1], "propagation": 0, "checks": {}}"#,
      #"{"rows": [1], "layers": [{"base": 1, "per_position": 0}], "heads": [1], "choices": [1], "narrow_heads": [1], "propagation": 0, "checks": {"entropy": -1}}"#,
    ])
  func impossibleCostsAreRefused(_ json: String) {
    #expect(throws: (any Error).self) { try JSONDecoder().decode(CostModel.self, from: Data(json.utf8)) }
  }
}

extension TokenCosts {
  fileprivate func isNear(_ other: TokenCosts) -> Bool {
    zip([head, argmax, decision, skipped], [other.head, other.argmax, other.decision, other.skipped])
      .allSatisfy { abs($0 - $1) < 1e-9 }
  }
}
