import Foundation
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
      heads: [30, 32, 40], checks: ["entropy": 5])
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
    #expect(costs.checkInLayers(.entropy, context: 0) == 0.5)
    #expect(costs.checkSeconds(.saturation) == 0)
  }

  /// Tokens of 2 and 4 layers of 10 seconds, both asked at exits 1 and 2, with heads of 30 and decisions of 5.
  @Test func tokensPayForLayersQuestionsAndHeads() throws {
    let costs = try costs()
    func seconds(_ estimator: ExitEstimator) -> Double? {
      costs.secondsPerToken(depths: [2, 4], exits: [1, 2], layerCount: 4, estimator: estimator, context: 0)
    }
    // (20 + 2 * 35) and (40 + 2 * 35 + 30); a hidden state costs nothing here, so 20 + 30 and 40 + 30.
    #expect(seconds(.entropy) == 115)
    #expect(seconds(.saturation) == 60)
    #expect(
      costs.secondsPerToken(depths: [], exits: [1], layerCount: 4, estimator: .entropy, context: 0) == nil)
  }

  @Test func storedCostsAreTheSame() throws {
    let costs = try costs()
    #expect(try JSONDecoder().decode(CostModel.self, from: JSONEncoder().encode(costs)) == costs)
  }

  @Test(
    arguments: [
      #"{"rows": [], "layers": [], "heads": [], "checks": {}}"#,
      #"{"rows": [2], "layers": [{"base": 1, "per_position": 0}], "heads": [1], "checks": {}}"#,
      #"{"rows": [1, 1], "layers": [{"base": 1, "per_position": 0}, {"base": 1, "per_position": 0}], "heads": [1, 1], "checks": {}}"#,
      #"{"rows": [1], "layers": [], "heads": [1], "checks": {}}"#,
      #"{"rows": [1], "layers": [{"base": 0, "per_position": 0}], "heads": [1], "checks": {}}"#,
      #"{"rows": [1], "layers": [{"base": 1, "per_position": 0}], "heads": [-1], "checks": {}}"#,
      #"{"rows": [1], "layers": [{"base": 1, "per_position": 0}], "heads": [1], "checks": {"entropy": -1}}"#,
    ])
  func impossibleCostsAreRefused(_ json: String) {
    #expect(throws: (any Error).self) { try JSONDecoder().decode(CostModel.self, from: Data(json.utf8)) }
  }
}
