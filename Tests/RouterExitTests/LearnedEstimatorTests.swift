import Foundation
import RouterExit
import RouterRandom
import Testing

@Suite struct LearnedEstimatorTests {
  /// A network whose parameters are drawn at random.
  static func network(depth: Int, width: Int, units: Int, seed: UInt64) -> LearnedEstimator.Network {
    var generator = SplitMix64(seed: seed)
    let count = LearnedEstimator.parameterCount(width: width, units: units)
    return .init(
      depth: depth, parameters: (0..<count).map { _ in Float.random(in: -1...1, using: &generator) })
  }

  static func estimator(
    _ kind: LearnedEstimator.Kind, width: Int, depths: [Int] = [4]
  ) throws -> LearnedEstimator {
    let units = kind == .mlp ? 5 : 0
    return try LearnedEstimator(
      kind: kind, width: width, units: units,
      networks: depths.map { network(depth: $0, width: width, units: units, seed: UInt64($0)) })
  }

  /// The documented formula in f64, written down once more.
  static func expected(_ network: LearnedEstimator.Network, units: Int, hidden: [Float], t: Int) -> Double {
    let width = hidden.count
    let root = (hidden.reduce(0) { $0 + Double($1) * Double($1) } / Double(width)).squareRoot()
    let x = hidden.map { Double($0) / root } + [log(root), 1 / Double(1 + t), 1]
    func row(_ start: Int) -> Double {
      zip(x, network.parameters[start..<start + width + 3]).reduce(0) { $0 + $1.0 * Double($1.1) }
    }
    var z = row(0)
    if units > 0 {
      let output = network.parameters[(units * (width + 3))...].map { Double($0) }
      z = output[units] + (0..<units).reduce(0) { $0 + output[$1] * max(0, row($1 * (width + 3))) }
    }
    return 1 / (1 + exp(-z))
  }

  @Test(arguments: LearnedEstimator.Kind.allCases, [1, 7, 16, 33, 64])
  func confidenceIsTheDocumentedFormula(kind: LearnedEstimator.Kind, width: Int) throws {
    var generator = SplitMix64(seed: UInt64(width))
    let estimator = try Self.estimator(kind, width: width)
    let hidden = (0..<width).map { _ in Float.random(in: -3...3, using: &generator) }
    for t in [0, 3, 100] {
      let measured = hidden.withUnsafeBufferPointer {
        estimator.confidence(depth: 4, tokenIndex: t, hidden: $0)
      }
      let expected = Self.expected(estimator.networks[0], units: estimator.units, hidden: hidden, t: t)
      #expect(abs(Double(measured) - expected) < 2e-6)
    }
  }

  @Test func aPolicyAsksWithoutLogits() throws {
    let estimator = ExitEstimator.learned(try Self.estimator(.probe, width: 2))
    var decider = try ThresholdPolicy(estimator: estimator, exits: [4], thresholds: [0]).makeDecider()
    let (decision, requests) = decider.decide(Scene(hidden: [1, 2]))
    #expect(decision.exits)
    #expect(requests == 0)
    #expect(estimator.reads == .hidden)
  }

  @Test func whatItCannotReadGivesNoConfidence() throws {
    let estimator = try Self.estimator(.mlp, width: 2)
    func confidence(_ hidden: [Float], depth: Int = 4) -> Float {
      hidden.withUnsafeBufferPointer { estimator.confidence(depth: depth, tokenIndex: 0, hidden: $0) }
    }
    #expect(confidence([1, 2]) > 0)
    #expect(confidence([1, 2], depth: 5) == 0)
    for hidden: [Float] in [[1, 2, 3], [], [0, 0], [.nan, 1], [.infinity, 1], [3e38, 3e38]] {
      #expect(confidence(hidden) == 0)
    }
  }

  @Test func theLogisticFunctionStaysWithinItsRange() {
    #expect(LearnedEstimator.logistic(0) == 0.5)
    #expect(LearnedEstimator.logistic(.nan) == 0)
    for z: Float in [-.infinity, -1000, -50, -1, 1, 50, 1000, .infinity] {
      let value = LearnedEstimator.logistic(z)
      #expect((0...1).contains(value))
      #expect(abs(Double(value) - 1 / (1 + exp(-Double(z)))) < 1e-7)
    }
  }

  @Test(arguments: LearnedEstimator.Kind.allCases)
  func everyParameterSurvivesTheFile(kind: LearnedEstimator.Kind) throws {
    var estimator = try Self.estimator(kind, width: 19, depths: [3, 6, 9])
    let quality = try EstimatorQuality(
      tokens: 812, agreement: 0.75, auc: 0.875, brier: 0.125, calibrationError: 0.0625)
    estimator = try LearnedEstimator(
      kind: kind, width: 19, units: estimator.units,
      networks: estimator.networks.map {
        .init(depth: $0.depth, parameters: $0.parameters, quality: $0.depth == 6 ? quality : nil)
      })
    let policy = try ThresholdPolicy(
      estimator: .learned(estimator), exits: [3, 6, 8, 9], thresholds: [0.5, 0.75, nil, 1])
    #expect(policy.name == kind.rawValue)
    let json = try PolicyFile(rule: .threshold(policy)).json()
    let again = try PolicyFile(json: json)
    #expect(again.rule == .threshold(policy))
    #expect(try again.json() == json)
    #expect(String(decoding: json, as: UTF8.self).contains("\"format\" : 2"))
  }

  @Test func filesWithoutNewFieldsKeepTheFirstFormat() throws {
    for file in try PolicyFileTests.files() {
      #expect(String(decoding: try file.json(), as: UTF8.self).contains("\"format\" : 1"))
    }
  }

  @Test func aFileHoldsOnlyTheNetworksThatItUses() throws {
    let estimator = try Self.estimator(.probe, width: 8, depths: [3, 6, 9])
    #expect(try estimator.restricted(to: [6, 9]).networks == Array(estimator.networks[1...]))
    #expect(throws: PolicyError.self) { try estimator.restricted(to: [4]) }
  }

  @Test func refusesNetworksThatDoNotFit() throws {
    let good = Self.network(depth: 3, width: 4, units: 0, seed: 1)
    func build(
      _ networks: [LearnedEstimator.Network], _ kind: LearnedEstimator.Kind = .probe, width: Int = 4,
      units: Int = 0
    ) throws(PolicyError) -> LearnedEstimator {
      try LearnedEstimator(kind: kind, width: width, units: units, networks: networks)
    }
    _ = try build([good])
    var broken = good.parameters
    broken[2] = .nan
    #expect(throws: PolicyError.self) { try build([]) }
    #expect(throws: PolicyError.self) { try build([good, good]) }
    #expect(throws: PolicyError.self) { try build([good], width: 5) }
    #expect(throws: PolicyError.self) { try build([good], width: 0) }
    #expect(throws: PolicyError.self) { try build([good], units: 1) }
    #expect(throws: PolicyError.self) { try build([good], .mlp) }
    #expect(throws: PolicyError.self) { try build([good], .mlp, units: 65) }
    #expect(throws: PolicyError.self) { try build([.init(depth: 3, parameters: broken)]) }
    let estimator = ExitEstimator.learned(try build([good]))
    #expect(throws: PolicyError.self) {
      try ThresholdPolicy(estimator: estimator, exits: [3, 6], thresholds: [0.5, 0.5])
    }
    _ = try ThresholdPolicy(estimator: estimator, exits: [3, 6], thresholds: [0.5, nil])
  }

  static let one = Data([0, 0, 128, 63]).base64EncodedString()

  /// What is wrong with the text of an estimator of width 1, and where.
  static let refusals: [(String, PolicyError.Code, String)] = [
    (#""reads": "hidden", "networks": []"#, .missingField, "$.estimator.width"),
    (#""reads": "hidden", "width": 1"#, .missingField, "$.estimator.networks"),
    (#""reads": "hidden", "width": 1, "networks": []"#, .invalidValue, "$.estimator.networks"),
    (#""reads": "hidden", "width": 1, "networks": [3]"#, .wrongType, "$.estimator.networks[0]"),
    (#""reads": "logits", "width": 1, "networks": []"#, .invalidValue, "$.estimator.reads"),
    (#""reads": "hidden", "width": 1, "deep": 1, "networks": []"#, .unknownField, "$.estimator.deep"),
    (
      #""reads": "hidden", "width": 1, "networks": [{"exit": 3, "parameters": "?"}]"#, .invalidValue,
      "$.estimator.networks[0].parameters"
    ),
    (
      #""reads": "hidden", "width": 1, "networks": [{"exit": 3, "parameters": "\#(one)"}]"#, .invalidValue,
      "$.estimator.networks[0].parameters"
    ),
    (
      #""reads": "hidden", "width": 1, "networks": [{"exit": 3, "parameters": "\#(one)", "bias": 1}]"#,
      .unknownField, "$.estimator.networks[0].bias"
    ),
  ]

  @Test(arguments: refusals)
  func refusesTextsOfEstimators(text: String, code: PolicyError.Code, location: String) throws {
    let json = """
      {"format": 2, "name": "probe", "kind": "threshold", "exits": [3], "thresholds": [0.5],
       "decoder": {"mode": "exit", "kv": "propagate"}, "estimator": {"name": "probe", \(text)}}
      """
    let error = #expect(throws: PolicyError.self) { try PolicyFile(json: Data(json.utf8)) }
    #expect(error?.code == code)
    #expect(error?.location == location)
  }

  @Test func aMeasuredRiskSurvivesTheFile() throws {
    let risk = try MeasuredRisk(
      metric: "disagreement", mean: 0.25, low: 0.125, high: 0.5, confidence: 0.95, prompts: 96)
    let file = try PolicyFile(
      rule: .fixed(FixedDepthPolicy(depth: 15)), measured: PolicyMeasurements(meanDepth: 15, risk: risk))
    #expect(try PolicyFile(json: file.json()) == file)
    #expect(String(decoding: try file.json(), as: UTF8.self).contains("\"format\" : 2"))
    #expect(throws: PolicyError.self) {
      try MeasuredRisk(
        metric: "disagreement", mean: 0.6, low: 0.125, high: 0.5, confidence: 0.95, prompts: 96)
    }
  }
}
