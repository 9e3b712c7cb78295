import RouterCLI
import RouterExit
import Testing

struct PolicyGateTests {
  private static let fingerprint = String(repeating: "ab", count: 32)
  private static let subject = PolicyGate.Subject(
    name: "tiny", fingerprint: fingerprint, layerCount: 30, loadedLayers: 30, exits: [9, 21, 30])

  /// Calibrated with exact keys and values for the model `tiny`.
  private func file(promises: Bool = true, exits: [Int] = [9, 21]) throws -> PolicyFile {
    let guarantee = try PolicyGuarantee(
      metric: "disagreement", risk: 0.1, delta: 0.05, prompts: 60, method: "m", bound: 0.09,
      empiricalRisk: 0.04, maximumTokens: 48)
    return try PolicyFile(
      rule: .threshold(
        ThresholdPolicy(name: "a", estimator: .margin, exits: exits, thresholds: exits.map { _ in 0.9 })),
      decoder: PolicyDecoder(kv: .exact), guarantee: promises ? guarantee : nil,
      provenance: PolicyProvenance(
        model: "tiny", modelSHA256: Self.fingerprint, dataSHA256: Self.fingerprint))
  }

  @Test func whatWasCalibratedFits() throws {
    #expect(try PolicyGate.mismatches(file(), Self.subject).isEmpty)
    var same = Self.subject
    same.keyValues = .exact
    #expect(try PolicyGate.mismatches(file(), same).isEmpty)
  }

  @Test func otherWeightsUnderTheSameNameAreExplained() throws {
    var other = Self.subject
    other.fingerprint = String(repeating: "cd", count: 32)
    let found = try PolicyGate.mismatches(file(), other)
    #expect(found.map(\.code) == [.modelMismatch])
    #expect(found[0].what.contains("other weights or other exit adapters"))
    #expect(found[0].remedy.contains("--allow-mismatch"))
    other.name = "small"
    #expect(try PolicyGate.mismatches(file(), other)[0].what.contains("adapters") == false)
  }

  @Test func otherKeysAndValuesVoidAPromise() throws {
    var other = Self.subject
    other.keyValues = .propagate
    let found = try PolicyGate.mismatches(file(), other)
    #expect(found.map(\.location) == ["$.decoder.kv"])
    #expect(found[0].what.contains("--kv exact, not propagate"))
    #expect(try PolicyGate.mismatches(file(promises: false), other).isEmpty)
  }

  @Test func aPromiseAboutAllLayersNeedsAllLayers() throws {
    var other = Self.subject
    other.loadedLayers = 21
    #expect(try PolicyGate.mismatches(file(), other)[0].what.contains("only 21 are loaded"))
    #expect(try PolicyGate.mismatches(file(promises: false), other).isEmpty)
  }

  @Test func exitsThatTheModelLacksAreRefusedOutright() throws {
    let error = #expect(throws: PolicyError.self) {
      try PolicyGate.mismatches(file(exits: [9, 12]), Self.subject)
    }
    #expect(error?.code == .exitMismatch)
  }
}
