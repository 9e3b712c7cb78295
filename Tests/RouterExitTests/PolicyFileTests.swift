import Foundation
import RouterExit
import RouterRandom
import Testing

@Suite struct PolicyFileTests {
  static let modelDigest = String(repeating: "ab", count: 32)
  static let dataDigest = String(repeating: "09", count: 32)

  static func thresholdFile(keyValueType: KeyValueType = .f16) throws -> PolicyFile {
    try PolicyFile(
      rule: .threshold(
        ThresholdPolicy(
          estimator: .entropy, exits: [9, 12], thresholds: [0.95, nil],
          decay: ThresholdDecay(tau: 4, length: 128))),
      notes: "an example / with a slash", decoder: PolicyDecoder(keyValueType: keyValueType),
      guarantee: PolicyGuarantee(
        metric: "disagreement", risk: 0.1, delta: 0.05, prompts: 100, method: "hoeffding-bentkus",
        bound: 0.093, empiricalRisk: 0.02, heldOutRisk: 0.03, heldOutPrompts: 50, maximumTokens: 128),
      measured: PolicyMeasurements(
        meanDepth: 21.5, tokensPerSecond: 60.25, fullTokensPerSecond: 45, headCostInLayers: 8.5,
        machine: "two cores"),
      provenance: PolicyProvenance(
        model: "SmolLM2", modelSHA256: modelDigest, data: "alpaca.json", dataSHA256: dataDigest,
        tool: "router 0.1.0", command: "router calibrate"))
  }

  static func files() throws -> [PolicyFile] {
    [
      try thresholdFile(),
      try PolicyFile(rule: .patience(PatiencePolicy(exits: [3, 6, 9], patience: 2))),
      try PolicyFile(rule: .fixed(FixedDepthPolicy(name: "full-depth", depth: 30)), notes: "all layers"),
      try PolicyFile(rule: .threshold(ThresholdPolicy(estimator: .saturation, exits: [1], thresholds: [1]))),
    ]
  }

  @Test func writingAndReadingGivesAnEqualFile() throws {
    for file in try Self.files() {
      let json = try file.json()
      let again = try PolicyFile(json: json)
      #expect(again == file)
      #expect(try again.json() == json)
    }
  }

  /// The type of keys and values is written where it is not f16, in a format that older programs refuse.
  @Test func keysAndValuesAreF16UnlessTheFileSaysOtherwise() throws {
    let plain = String(decoding: try Self.thresholdFile().json(), as: UTF8.self)
    #expect(!plain.contains("kvType") && plain.contains("\"format\" : 1"))
    #expect(try PolicyFile(json: Data(plain.utf8)).decoder.keyValueType == .f16)
    for type in [KeyValueType.q8, .f32] {
      let json = try Self.thresholdFile(keyValueType: type).json()
      let text = String(decoding: json, as: UTF8.self)
      #expect(text.contains("\"kvType\" : \"\(type.rawValue)\"") && text.contains("\"format\" : 3"))
      let again = try PolicyFile(json: json)
      #expect(again.decoder.keyValueType == type)
      #expect(try again.json() == json)
    }
  }

  @Test func everyFloatThresholdSurvivesTheFile() throws {
    var generator = SplitMix64(seed: 7)
    let thresholds = (0..<2_000).map { _ in Float?.some(Float.random(in: 0...1, using: &generator)) }
    let policy = try ThresholdPolicy(
      estimator: .margin, exits: Array(1...thresholds.count), thresholds: thresholds)
    let again = try PolicyFile(json: PolicyFile(rule: .threshold(policy)).json())
    #expect(again.rule == .threshold(policy))
  }

  @Test func theTextIsTheDocumentedOne() throws {
    let text = String(decoding: try Self.thresholdFile().json(), as: UTF8.self)
    #expect(
      text == """
        {
          "decay" : {
            "length" : 128,
            "tau" : 4
          },
          "decoder" : {
            "kv" : "propagate",
            "mode" : "exit"
          },
          "estimator" : {
            "name" : "entropy",
            "reads" : "logits"
          },
          "exits" : [
            9,
            12
          ],
          "format" : 1,
          "guarantee" : {
            "bound" : 0.093,
            "delta" : 0.05,
            "empiricalRisk" : 0.02,
            "heldOutPrompts" : 50,
            "heldOutRisk" : 0.03,
            "maximumTokens" : 128,
            "method" : "hoeffding-bentkus",
            "metric" : "disagreement",
            "prompts" : 100,
            "risk" : 0.1
          },
          "kind" : "threshold",
          "measured" : {
            "fullTokensPerSecond" : 45,
            "headCostInLayers" : 8.5,
            "machine" : "two cores",
            "meanDepth" : 21.5,
            "tokensPerSecond" : 60.25
          },
          "name" : "entropy",
          "notes" : "an example / with a slash",
          "provenance" : {
            "command" : "router calibrate",
            "data" : "alpaca.json",
            "dataSHA256" : "\(Self.dataDigest)",
            "model" : "SmolLM2",
            "modelSHA256" : "\(Self.modelDigest)",
            "tool" : "router 0.1.0"
          },
          "thresholds" : [
            0.95,
            null
          ]
        }

        """)
  }

  @Test func makesThePolicyItDescribes() throws {
    let policy = try Self.thresholdFile().makePolicy()
    #expect(policy.name == "entropy")
    #expect(policy.exits == [9, 12])
    #expect(policy is ThresholdPolicy)
  }

  /// What is wrong, the smallest file that has it, the expected code and JSON path.
  static let refusals: [(String, PolicyError.Code, String?)] = [
    ("", .malformed, nil),
    ("{", .malformed, nil),
    ("[]", .wrongType, "$"),
    ("null", .wrongType, "$"),
    ("{}", .missingField, "$.format"),
    (#"{"format": 5, "name": "a", "kind": "fixed"}"#, .unsupportedFormat, "$.format"),
    (#"{"format": "1"}"#, .wrongType, "$.format"),
    (#"{"format": 1.5}"#, .wrongType, "$.format"),
    (#"{"format": 1, "name": "a", "kind": "magic"}"#, .unsupportedKind, "$.kind"),
    (#"{"format": 1, "kind": "fixed", "depth": 3, "decoder": {}}"#, .missingField, "$.name"),
    (
      #"{"format": 1, "name": "a", "kind": "fixed", "decoder": {"mode": "exit", "kv": "propagate"}}"#,
      .missingField, "$.depth"
    ),
    (#"{"format": 1, "name": "a", "kind": "fixed", "depth": 0, "decoder": {}}"#, .invalidValue, "$.depth"),
    (#"{"format": 1, "name": "../a", "kind": "fixed", "depth": 3}"#, .invalidValue, "$.name"),
    (#"{"format": 1, "name": "a", "kind": "fixed", "depth": 3}"#, .missingField, "$.decoder"),
    (
      #"{"format": 1, "name": "a", "kind": "fixed", "depth": 3, "decoder": {"mode": "exit"}}"#,
      .missingField, "$.decoder.kv"
    ),
    (
      #"{"format": 1, "name": "a", "kind": "fixed", "depth": 3, "decoder": {"mode": "guess", "kv": "propagate"}}"#,
      .unsupportedKind, "$.decoder.mode"
    ),
    (
      #"{"format": 3, "name": "a", "kind": "fixed", "depth": 3, "decoder": {"mode": "exit", "kv": "exact", "kvType": "q4"}}"#,
      .unsupportedKind, "$.decoder.kvType"
    ),
    (
      #"{"format": 1, "name": "a", "kind": "fixed", "depth": 3, "thresholds": [1]}"#,
      .unknownField, "$.thresholds"
    ),
    (
      #"{"format": 1, "name": "a", "kind": "fixed", "depth": 3, "decoder": {"mode": "exit", "kv": "propagate", "x": 1}}"#,
      .unknownField, "$.decoder.x"
    ),
    (
      #"{"format": 1, "name": "a", "kind": "patience", "exits": [1, 2], "patience": 9}"#,
      .invalidValue, "$.patience"
    ),
    (
      #"{"format": 1, "name": "a", "kind": "patience", "exits": [2, 1], "patience": 2}"#,
      .invalidValue, "$.exits[1]"
    ),
    (
      #"{"format": 1, "name": "a", "kind": "patience", "exits": [1, "2"], "patience": 2}"#,
      .wrongType, "$.exits[1]"
    ),
    (#"{"format": 1, "name": "a", "kind": "threshold", "estimator": "entropy"}"#, .wrongType, "$.estimator"),
    (
      #"{"format": 1, "name": "a", "kind": "threshold", "estimator": {"name": "vibes", "reads": "logits"}}"#,
      .unsupportedKind, "$.estimator.name"
    ),
    (
      #"{"format": 1, "name": "a", "kind": "threshold", "estimator": {"name": "entropy", "reads": "hidden"}}"#,
      .invalidValue, "$.estimator.reads"
    ),
  ]

  @Test(arguments: refusals.indices)
  func refusesBadFilesSayingWhere(index: Int) {
    let (text, code, location) = Self.refusals[index]
    let error = #expect(throws: PolicyError.self) { try PolicyFile(json: Data(text.utf8)) }
    #expect(error?.code == code, "\(text): \(String(describing: error))")
    #expect(error?.location == location, "\(text): \(String(describing: error))")
    #expect(error?.remedy.hasSuffix(".") == true)
  }

  /// Replacements in the text of a valid file, and where they must be noticed.
  static let edits: [(from: String, to: String, PolicyError.Code, location: String?)] = [
    ("0.95,", "1.5,", .invalidValue, "$.thresholds[0]"),
    ("0.95,", "-0.5,", .invalidValue, "$.thresholds[0]"),
    ("0.95,", "NaN,", .malformed, nil),
    ("0.95,", "\"NaN\",", .wrongType, "$.thresholds[0]"),
    ("0.95,", "true,", .wrongType, "$.thresholds[0]"),
    ("0.95,", "0.95, 0.5,", .invalidValue, "$.thresholds"),
    ("\"tau\" : 4", "\"tau\" : -4", .invalidValue, "$.decay.tau"),
    ("\"length\" : 128", "\"length\" : 0", .invalidValue, "$.decay.length"),
    ("\"risk\" : 0.1", "\"risk\" : 0", .invalidValue, "$.guarantee.risk"),
    ("\"risk\" : 0.1", "\"risk\" : 0.05", .invalidValue, "$.guarantee"),
    ("\"delta\" : 0.05", "\"delta\" : 1", .invalidValue, "$.guarantee.delta"),
    ("\"prompts\" : 100", "\"prompts\" : -1", .invalidValue, "$.guarantee.prompts"),
    ("\"heldOutPrompts\" : 50", "\"heldOutPrompts\" : null", .missingField, "$.guarantee"),
    ("\"meanDepth\" : 21.5", "\"meanDepth\" : 1e6", .invalidValue, "$.measured.meanDepth"),
    ("\"modelSHA256\" : \"abab", "\"modelSHA256\" : \"ABab", .invalidValue, "$.provenance.modelSHA256"),
    ("\"modelSHA256\"", "\"modelSha\"", .unknownField, "$.provenance.modelSha"),
    ("\"guarantee\"", "\"garantee\"", .unknownField, "$.garantee"),
  ]

  @Test(arguments: edits.indices)
  func refusesBadFieldsSayingWhere(index: Int) throws {
    let (from, to, code, location) = Self.edits[index]
    let text = String(decoding: try Self.thresholdFile().json(), as: UTF8.self)
    let edited = text.replacingOccurrences(of: from, with: to)
    #expect(edited != text)
    let error = #expect(throws: PolicyError.self) { try PolicyFile(json: Data(edited.utf8)) }
    #expect(error?.code == code, "\(to): \(String(describing: error))")
    #expect(error?.location == location, "\(to): \(String(describing: error))")
  }

  @Test func aGuaranteeNeedsItsModelAndData() throws {
    let file = try Self.thresholdFile()
    let error = #expect(throws: PolicyError.self) {
      try PolicyFile(rule: file.rule, guarantee: file.guarantee, provenance: PolicyProvenance(model: "x"))
    }
    #expect(error?.location == "$.provenance")
  }

  @Test func everyTruncationIsRefused() throws {
    let json = try Self.thresholdFile().json()
    // The last two bytes are the closing brace and the line feed.
    for count in 0..<(json.count - 2) {
      #expect(throws: PolicyError.self) { try PolicyFile(json: json.prefix(count)) }
    }
  }

  @Test func randomCorruptionIsReadOrRefusedButNeverTraps() throws {
    let json = try Self.thresholdFile().json()
    var generator = SplitMix64(seed: 3)
    for _ in 0..<2_000 {
      var bytes = json
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = .random(in: 0...255, using: &generator)
      }
      do throws(PolicyError) {
        // What is still read is valid, so it can be written.
        _ = try PolicyFile(json: bytes).json()
      } catch {
        #expect(!error.what.isEmpty)
      }
    }
  }

  @Test func hostileNestingIsRefusedBeforeParsing() {
    for bracket in ["[", "{\"a\":"] {
      let text = String(repeating: bracket, count: 150_000)
      let error = #expect(throws: PolicyError.self) { try PolicyFile(json: Data(text.utf8)) }
      #expect(error?.what == "the JSON nests deeper than 16 levels")
    }
  }

  @Test func oversizedTextIsRefused() {
    let error = #expect(throws: PolicyError.self) {
      try PolicyFile(json: Data(repeating: UInt8(ascii: " "), count: PolicyFile.maximumByteCount + 1))
    }
    #expect(error?.code == .tooLarge)
  }
}
