import Foundation
import RouterExit
import Testing

/// The points of a policy's path: written, read, refused where they are not certified, and made into plans.
@Suite struct CertifiedPathTests {
  private static let digest = String(repeating: "ab", count: 32)
  private static let model = ModelIdentity(
    name: "tiny", fingerprint: digest, layerCount: 30, exits: [9, 15, 21, 30])

  private func point(
    _ exits: [Int], _ thresholds: [Float?], depth: Double = 25, bound: Double = 0.06
  ) throws -> CertifiedPoint {
    try CertifiedPoint(
      exits: exits, thresholds: thresholds, meanDepth: depth, empiricalRisk: bound / 2, bound: bound)
  }

  private func file(_ path: [CertifiedPoint], guaranteed: Bool = true) throws -> PolicyFile {
    try PolicyFile(
      rule: .threshold(
        ThresholdPolicy(name: "a", estimator: .margin, exits: [9, 21], thresholds: [0.8, 0.7])),
      decoder: PolicyDecoder(keyValues: .exact),
      guarantee: guaranteed
        ? PolicyGuarantee(
          metric: "disagreement", risk: 0.1, delta: 0.05, prompts: 60, method: "m", bound: 0.09,
          empiricalRisk: 0.04, maximumTokens: 48) : nil,
      path: path, provenance: PolicyProvenance(modelSHA256: Self.digest, dataSHA256: Self.digest))
  }

  private func usual() throws -> [CertifiedPoint] {
    [
      try point([21], [0.95], depth: 28.5, bound: 0.03), try point([15, 21], [0.9, 0.8], depth: 27),
      try point([9, 21], [0.8, 0.7], depth: 25, bound: 0.09),
    ]
  }

  @Test func aPathIsWrittenAndRead() throws {
    let file = try file(usual())
    let json = try file.json()
    #expect(String(decoding: json, as: UTF8.self).contains("\"format\" : 3"))
    #expect(try PolicyFile(json: json) == file)
    #expect(try PolicyFile(json: json).path == usual())
  }

  @Test func everyPointIsAPlanWithItsOwnNumbers() throws {
    let plans = try ExitPlan(file(usual()), for: Self.model).certifiedPath
    #expect(plans.map(\.point) == [1, 2, 3])
    #expect(plans.map(\.meanDepth) == [28.5, 27, 25])
    #expect(plans.map(\.policy.exits) == [[21], [15, 21], [9, 21]])
    #expect(plans.map { $0.guarantee?.bound } == [0.03, 0.06, 0.09])
    #expect(plans.allSatisfy { $0.guarantee?.risk == 0.1 && $0.keyValues == .exact && $0.policy.name == "a" })
  }

  private static let narrowModel = ModelIdentity(
    name: "tiny", fingerprint: digest, layerCount: 30, exits: [9, 15, 21, 30], hasNarrowHead: true)

  /// A policy on the narrow head that was calibrated with propagated keys and values, and goes to the last point's rule.
  private func narrowFile(_ path: [CertifiedPoint]) throws -> PolicyFile {
    let last = try #require(path.last)
    return try PolicyFile(
      rule: .threshold(
        ThresholdPolicy(
          name: "a", estimator: .entropy, exits: last.exits, thresholds: last.thresholds, head: .narrow)),
      decoder: PolicyDecoder(keyValues: .propagate),
      guarantee: PolicyGuarantee(
        metric: "disagreement", risk: 0.1, delta: 0.05, prompts: 60, method: "m", bound: last.bound,
        empiricalRisk: last.empiricalRisk, maximumTokens: 48),
      path: path, provenance: PolicyProvenance(modelSHA256: Self.digest, dataSHA256: Self.digest))
  }

  /// Where tokens leave at full depth alone, no layer is skipped: there is nothing to propagate, and drafts go on.
  @Test func anExitInWidthAloneSkipsNothing() throws {
    let path = [
      try point([30], [0.4], depth: 30, bound: 0.03), try point([9, 30], [0.8, 0.7], bound: 0.09),
    ]
    let plan = try ExitPlan(narrowFile(path), for: Self.narrowModel)
    #expect(plan.keyValues == .propagate)
    #expect(plan.certifiedPath.map(\.keyValues) == [.exact, .propagate])
  }

  /// So a policy without other exits fits whatever keys and values are asked for, and one with them does not.
  @Test func keysAndValuesMatterOnlyWhereLayersAreSkipped() throws {
    let widthOnly = try narrowFile([
      point([30], [0.6], depth: 30, bound: 0.02), point([30], [0.4], depth: 30),
    ])
    for keyValues in [KeyValueMode.exact, .propagate] {
      let plan = try ExitPlan(widthOnly, for: Self.narrowModel, keyValues: keyValues)
      #expect(plan.guarantee != nil && plan.keyValues == .exact && plan.certifiedPath.count == 2)
    }
    let deep = try narrowFile([point([30], [0.6], depth: 30, bound: 0.02), point([9, 30], [0.8, 0.7])])
    #expect(throws: PolicyError.self) {
      try ExitPlan(deep, for: Self.narrowModel, keyValues: .exact)
    }
  }

  @Test func withoutAPathThePolicyIsItsOnlyPoint() throws {
    let plans = try ExitPlan(file([]), for: Self.model).certifiedPath
    #expect(plans.count == 1 && plans[0].point == nil && plans[0].policy.exits == [9, 21])
  }

  /// What is not certified is no point.
  @Test func withoutAGuaranteeThereIsNoPath() throws {
    #expect(try ExitPlan(file([], guaranteed: false), for: Self.model).certifiedPath.isEmpty)
    let stranger = ModelIdentity(
      name: "other", fingerprint: String(repeating: "cd", count: 32), layerCount: 30, exits: [9, 15, 21, 30])
    #expect(try ExitPlan(file(usual()), for: stranger, mismatch: .accepted).certifiedPath.isEmpty)
  }

  @Test func pathsThatAreNotCertifiedAreRefused() throws {
    let last = try point([9, 21], [0.8, 0.7])
    // A bound beyond the promise, another end than the policy's own thresholds, no guarantee at all.
    for path in [
      [try point([21], [0.9], bound: 0.11), last], [try point([9, 21], [0.8, 0.6])],
    ] {
      #expect(throws: PolicyError.self) { try file(path) }
    }
    #expect(throws: PolicyError.self) { try file([last], guaranteed: false) }
    #expect(throws: PolicyError.self) { try point([9, 21], [0.8]) }
    #expect(throws: PolicyError.self) { try point([21, 9], [0.8, 0.8]) }
    #expect(throws: PolicyError.self) {
      try CertifiedPoint(exits: [9], thresholds: [0.8], meanDepth: 20, empiricalRisk: 0.2, bound: 0.1)
    }
  }

  @Test func aPointWithAnUnknownFieldIsRefused() throws {
    let text = String(decoding: try file(usual()).json(), as: UTF8.self)
    let misspelt = Data(text.replacingOccurrences(of: "\"meanDepth\" : 27", with: "\"meanDepht\" : 27").utf8)
    let error = #expect(throws: PolicyError.self) { try PolicyFile(json: misspelt) }
    #expect(error?.code == .unknownField && error?.location?.contains("$.path[1]") == true)
  }
}
