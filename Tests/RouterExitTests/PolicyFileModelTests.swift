import Foundation
import RouterExit
import Testing

@Suite struct PolicyFileModelTests {
  private func model(
    _ fingerprint: String = PolicyFileTests.modelDigest, name: String = "other", layers: Int = 30,
    loaded: Int? = nil, exits: [Int] = [9, 12, 15, 30], keyValueType: KeyValueType = .f16
  ) -> ModelIdentity {
    ModelIdentity(
      name: name, fingerprint: fingerprint, layerCount: layers, loadedLayerCount: loaded, exits: exits,
      keyValueType: keyValueType)
  }

  @Test func acceptsTheModelItWasCalibratedFor() throws {
    #expect(try PolicyFileTests.thresholdFile().mismatches(with: model()).isEmpty)
  }

  @Test func anotherModelIsToldHowToRecalibrate() throws {
    let found = try PolicyFileTests.thresholdFile().mismatches(
      with: model(String(repeating: "c", count: 64)))
    #expect(found.map(\.code) == [.modelMismatch])
    #expect(
      found.first?.description
        == "policy `entropy` was calibrated for another model (SmolLM2, abababababab..., not "
        + "cccccccccccc...), so its thresholds guarantee nothing here ($.provenance.modelSHA256). Recalibrate "
        + "with `router calibrate --model MODEL --policy entropy --data FILE`, or pass --allow-mismatch to use "
        + "it without its guarantee.")
  }

  @Test func otherWeightsUnderTheSameNameAreExplained() throws {
    let file = try PolicyFileTests.thresholdFile()
    let stranger = String(repeating: "c", count: 64)
    let namesake = try #require(file.mismatches(with: model(stranger, name: "SmolLM2")).first)
    #expect(namesake.what.contains("other weights or other exit adapters"))
    #expect(try file.mismatches(with: model(stranger)).first?.what.contains("adapters") == false)
  }

  /// f16 keys and values stand for f32 too: files have not always told the two apart.
  @Test func aPolicyFitsTheKeysAndValuesItWasCalibratedWith() throws {
    for (calibrated, here, fits) in [
      (KeyValueType.f16, KeyValueType.f16, true), (.f16, .f32, true), (.f16, .q8, false), (.q8, .q8, true),
      (.q8, .f16, false), (.q8, .f32, false), (.f32, .f16, false),
    ] {
      let file = try PolicyFileTests.thresholdFile(keyValueType: calibrated)
      let found = try file.mismatches(with: model(keyValueType: here))
      #expect(found.map(\.code) == (fits ? [] : [.modelMismatch]), "\(calibrated), here \(here)")
    }
    let found = try PolicyFileTests.thresholdFile().mismatches(with: model(keyValueType: .q8))
    #expect(
      found.first?.description
        == "policy `entropy` was calibrated with --kv-type f16, not q8, so its thresholds guarantee nothing here "
        + "($.decoder.kvType). Recalibrate with `router calibrate --model MODEL --policy entropy --data FILE "
        + "--kv-type q8`, use --kv-type f16, or pass --allow-mismatch to use it without its guarantee.")
    let written = try PolicyFile(rule: .patience(PatiencePolicy(exits: [9, 12], patience: 2)))
    #expect(try written.mismatches(with: model(keyValueType: .q8)).isEmpty, "by hand, it promises nothing")
  }

  @Test func refusesExitsThatTheModelLacks() throws {
    for (layers, exits) in [(30, [9, 15, 30]), (12, [9, 12])] {
      let error = #expect(throws: PolicyError.self) {
        try PolicyFileTests.thresholdFile().mismatches(with: model(layers: layers, exits: exits))
      }
      #expect(error?.code == .exitMismatch)
      #expect(error?.location == "$.exits[1]")
    }
  }

  @Test func aHandWrittenPolicyFitsAnyModelWithItsExits() throws {
    let file = try PolicyFile(rule: .patience(PatiencePolicy(exits: [3, 6], patience: 2)))
    #expect(try file.mismatches(with: model("anything", layers: 12, exits: [3, 6, 9, 12])).isEmpty)
    #expect(throws: PolicyError.self) {
      try file.mismatches(with: model("anything", layers: 12, exits: [3, 12]))
    }
  }

  @Test func aFixedDepthMayBeFullDepth() throws {
    let file = try PolicyFile(rule: .fixed(FixedDepthPolicy(depth: 30)))
    #expect(try file.mismatches(with: model("x", exits: [9, 30])).isEmpty)
    let error = #expect(throws: PolicyError.self) {
      try file.mismatches(with: model("x", layers: 32, exits: [9, 32]))
    }
    #expect(error?.location == "$.depth")
  }
}
