import Foundation
import Testing

@testable import RouterExit

@Suite struct PolicyFileModelTests {
  @Test func acceptsTheModelItWasCalibratedFor() throws {
    try PolicyFileTests.thresholdFile().validate(
      modelFingerprint: PolicyFileTests.modelDigest, layerCount: 30, exits: [9, 12, 15, 30])
  }

  @Test func refusesAnotherModelAndTellsHowToRecalibrate() throws {
    let error = #expect(throws: PolicyError.self) {
      try PolicyFileTests.thresholdFile().validate(
        modelFingerprint: String(repeating: "c", count: 64), layerCount: 30, exits: [9, 12, 30])
    }
    #expect(error?.code == .modelMismatch)
    #expect(
      error?.description
        == "policy `entropy` was calibrated for another model (SmolLM2, abababababab..., not "
        + "cccccccccccc...), so its thresholds promise nothing here ($.provenance.modelSHA256). Recalibrate "
        + "with `router calibrate --model MODEL --policy entropy --data FILE`, or pass --allow-mismatch to use "
        + "it without its guarantee.")
  }

  @Test func refusesExitsThatTheModelLacks() throws {
    for (layers, exits) in [(30, [9, 15, 30]), (12, [9, 12])] {
      let error = #expect(throws: PolicyError.self) {
        try PolicyFileTests.thresholdFile().validate(
          modelFingerprint: PolicyFileTests.modelDigest, layerCount: layers, exits: exits)
      }
      #expect(error?.code == .exitMismatch)
      #expect(error?.location == "$.exits[1]")
    }
  }

  @Test func aHandWrittenPolicyFitsAnyModelWithItsExits() throws {
    let file = try PolicyFile(rule: .patience(PatiencePolicy(exits: [3, 6], patience: 2)))
    try file.validate(modelFingerprint: "anything", layerCount: 12, exits: [3, 6, 9, 12])
    #expect(throws: PolicyError.self) {
      try file.validate(modelFingerprint: "anything", layerCount: 12, exits: [3, 12])
    }
  }

  @Test func aFixedDepthMayBeFullDepth() throws {
    let file = try PolicyFile(rule: .fixed(FixedDepthPolicy(depth: 30)))
    try file.validate(modelFingerprint: "x", layerCount: 30, exits: [9, 30])
    let error = #expect(throws: PolicyError.self) {
      try file.validate(modelFingerprint: "x", layerCount: 32, exits: [9, 32])
    }
    #expect(error?.location == "$.depth")
  }
}
