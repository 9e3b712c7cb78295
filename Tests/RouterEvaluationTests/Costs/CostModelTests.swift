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
      heads: [30, 32, 40], argmaxSeconds: 20, decisionSeconds: ["entropy": 5, "probe": 1], propagation: 2)
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

  /// Tokens of 2 and 4 layers of 10 seconds, both asked at exits 1 and 2, with heads of 30, choices of 20,
  /// and 2 for each skipped layer.
  @Test func tokensPayForLayersQuestionsAndHeads() throws {
    let costs = try costs()
    func seconds(_ candidate: Candidate, asked: [Int] = [1, 2]) -> Double? {
      costs.secondsPerToken(
        depths: [2, 4], asked: asked, layerCount: 4, candidate: candidate, keyValues: .propagate, context: 0)
    }
    // 20 + 2 * 35 + 4 and 40 + 2 * 35 + 20.
    #expect(seconds(.entropy) == 112)
    // 20 + 2 * 1 + 20 + 4 and 40 + 2 * 1 + 20.
    #expect(seconds(.probe) == 54)
    #expect(seconds(.fixed, asked: []) == 52)
    #expect(
      costs.secondsPerToken(
        depths: [], asked: [1], layerCount: 4, candidate: .entropy, keyValues: .exact, context: 0) == nil)
  }

  @Test func costsInLayers() throws {
    let costs = try costs()
    let propagated = costs.tokenCosts(.probe, keyValues: .propagate, context: 0)
    #expect(propagated == TokenCosts(head: 3, argmax: 2, decision: 0.1, skipped: 0.2))
    // Three more rows take 10 seconds more.
    let exact = costs.tokenCosts(.probe, keyValues: .exact, context: 0)
    #expect(abs(exact.skipped - 1.0 / 3) < 1e-12)
  }

  @Test func storedCostsAreTheSame() throws {
    let costs = try costs()
    #expect(try JSONDecoder().decode(CostModel.self, from: JSONEncoder().encode(costs)) == costs)
  }

  @Test(
    arguments: [
      #"{"rows": [], "layers": [], "heads": [], "choice": 1, "propagation": 0, "checks": {}}"#,
      #"{"rows": [2], "layers": [{"base": 1, "per_position": 0}], "heads": [1], "choice": 1, "propagation": 0, "checks": {}}"#,
      #"{"rows": [1, 1], "layers": [{"base": 1, "per_position": 0}, {"base": 1, "per_position": 0}], "heads": [1, 1], "choice": 1, "propagation": 0, "checks": {}}"#,
      #"{"rows": [1], "layers": [], "heads": [1], "choice": 1, "propagation": 0, "checks": {}}"#,
      #"{"rows": [1], "layers": [{"base": 0, "per_position": 0}], "heads": [1], "choice": 1, "propagation": 0, "checks": {}}"#,
      #"{"rows": [1], "layers": [{"base": 1, "per_position": 0}], "heads": [-1], "choice": 1, "propagation": 0, "checks": {}}"#,
      #"{"rows": [1], "layers": [{"base": 1, "per_position": 0}], "heads": [1], "choice": 1, "propagation": 0, "checks": {"entropy": -1}}"#,
    ])
  func impossibleCostsAreRefused(_ json: String) {
    #expect(throws: (any Error).self) { try JSONDecoder().decode(CostModel.self, from: Data(json.utf8)) }
  }
}
