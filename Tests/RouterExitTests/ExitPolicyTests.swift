import Foundation
import RouterExit
import Testing

@Suite struct ThresholdPolicyTests {
  /// Two logits whose largest probability is exactly 1/2.
  static let even: [Float] = [0, 0]

  @Test func exitsExactlyAtTheThreshold() throws {
    for (threshold, exits): (Float, Bool) in [(0.5, true), (Float(0.5).nextUp, false)] {
      var decider = try ThresholdPolicy(
        estimator: .maximumProbability, exits: [4], thresholds: [threshold]
      ).makeDecider()
      let decision = decider.decide(Scene(logits: Self.even)).decision
      #expect(decision == (exits ? .exit(confidence: 0.5) : .proceed(confidence: 0.5)))
    }
  }

  @Test func eachExitHasItsOwnThreshold() throws {
    var decider = try ThresholdPolicy(
      estimator: .maximumProbability, exits: [4, 8], thresholds: [0.9, 0.4]
    ).makeDecider()
    decider.beginToken(0)
    #expect(!decider.decide(Scene(depth: 4, logits: Self.even)).decision.exits)
    #expect(decider.decide(Scene(depth: 8, logits: Self.even)).decision.exits)
  }

  @Test func neverExitsAndNeverMeasuresWithoutAThreshold() throws {
    var decider = try ThresholdPolicy(
      estimator: .maximumProbability, exits: [4, 8], thresholds: [nil, 0]
    ).makeDecider()
    for depth in [3, 4] {
      let (decision, requests) = decider.decide(Scene(depth: depth, logits: [100, 0]))
      #expect(decision == .proceed(confidence: nil))
      #expect(requests == 0)
    }
  }

  @Test func nonFiniteLogitsProceedUnderAnyPositiveThreshold() throws {
    var decider = try ThresholdPolicy(
      estimator: .entropy, exits: [4], thresholds: [.leastNonzeroMagnitude]
    ).makeDecider()
    #expect(decider.decide(Scene(logits: [.nan, 0])).decision == .proceed(confidence: 0))
  }

  @Test func decayFollowsCALM() throws {
    let decay = try ThresholdDecay(tau: 4, length: 100)
    for t in [0, 1, 10, 50, 100, 1_000, 100_000] {
      let expected = 0.9 * 0.8 + 0.1 * exp(-4 * Double(t) / 100)
      #expect(abs(Double(decay.threshold(0.8, tokenIndex: t)) - expected) < 1e-6)
    }
    #expect(decay.threshold(1, tokenIndex: 0) == 1)
    #expect(decay.threshold(0, tokenIndex: 0) == 0.1)
  }

  @Test func decayLowersTheBarForLaterTokens() throws {
    let policy = try ThresholdPolicy(
      estimator: .maximumProbability, exits: [4], thresholds: [0.5],
      decay: ThresholdDecay(tau: 4, length: 10))
    var decider = policy.makeDecider()
    decider.beginToken(0)
    #expect(!decider.decide(Scene(logits: Self.even)).decision.exits)
    decider.beginToken(100)
    #expect(decider.decide(Scene(logits: Self.even)).decision.exits)
  }

  @Test func decidersDoNotShareState() throws {
    let policy = try ThresholdPolicy(
      estimator: .maximumProbability, exits: [4], thresholds: [0.5],
      decay: ThresholdDecay(tau: 4, length: 10))
    var late = policy.makeDecider()
    late.beginToken(100)
    var early = policy.makeDecider()
    early.beginToken(0)
    #expect(late.decide(Scene(logits: Self.even)).decision.exits)
    #expect(!early.decide(Scene(logits: Self.even)).decision.exits)
  }

  @Test(arguments: [Float.nan, -0.1, 1.1, .infinity])
  func refusesThresholdsThatAreNoConfidence(threshold: Float) {
    let error = #expect(throws: PolicyError.self) {
      try ThresholdPolicy(estimator: .margin, exits: [4, 8], thresholds: [0.5, threshold])
    }
    #expect(error?.code == .invalidValue)
    #expect(error?.location == "$.thresholds[1]")
  }

  @Test(arguments: [[], [0, 4], [-1], [4, 4], [8, 4], [4, 70_000]])
  func refusesExitsThatAreNotAscendingDepths(exits: [Int]) {
    let thresholds = exits.map { _ in Float?(0.5) }
    let error = #expect(throws: PolicyError.self) {
      try ThresholdPolicy(estimator: .margin, exits: exits, thresholds: thresholds)
    }
    #expect(error?.location?.hasPrefix("$.exits") == true)
  }

  @Test func refusesACountMismatch() {
    let error = #expect(throws: PolicyError.self) {
      try ThresholdPolicy(estimator: .margin, exits: [4, 8], thresholds: [0.5])
    }
    #expect(
      error?.description
        == "there are 1 thresholds for 2 exits ($.thresholds). Give one threshold per exit; null never exits there."
    )
  }

  @Test func refusesDecaysThatCannotWork() {
    for (tau, length): (Float, Int) in [(.nan, 5), (-1, 5), (.infinity, 5), (4, 0), (4, -3)] {
      #expect(throws: PolicyError.self) { try ThresholdDecay(tau: tau, length: length) }
    }
  }
}

@Suite struct PatiencePolicyTests {
  static func peak(_ index: Int) -> [Float] { (0..<20).map { $0 == index ? 1 : 0 } }

  @Test func exitsOnceEnoughExitsAgree() throws {
    var decider = try PatiencePolicy(exits: [2, 4, 6, 8], patience: 3).makeDecider()
    decider.beginToken(0)
    #expect(decider.decide(Scene(depth: 2, logits: Self.peak(3))).decision == .proceed(confidence: 1 / 3))
    #expect(decider.decide(Scene(depth: 4, logits: Self.peak(3))).decision == .proceed(confidence: 2 / 3))
    #expect(decider.decide(Scene(depth: 6, logits: Self.peak(3))).decision == .exit(confidence: 1))
  }

  @Test func startsAgainWhenAnExitDisagrees() throws {
    var decider = try PatiencePolicy(exits: [2, 4, 6, 8], patience: 2).makeDecider()
    decider.beginToken(0)
    let decisions = zip([2, 4, 6, 8], [3, 17, 3, 3]).map {
      decider.decide(Scene(depth: $0, logits: Self.peak($1))).decision.exits
    }
    #expect(decisions == [false, false, false, true])
  }

  @Test func startsAgainWithEveryToken() throws {
    var decider = try PatiencePolicy(exits: [2, 4], patience: 2).makeDecider()
    decider.beginToken(0)
    #expect(!decider.decide(Scene(depth: 2, logits: Self.peak(3))).decision.exits)
    decider.beginToken(1)
    #expect(!decider.decide(Scene(depth: 2, logits: Self.peak(3))).decision.exits)
  }

  @Test func nonFiniteLogitsAgreeWithNothing() throws {
    var decider = try PatiencePolicy(exits: [2, 4, 6], patience: 2).makeDecider()
    decider.beginToken(0)
    let bad: [Float] = [.nan, 0, 1]
    #expect(!decider.decide(Scene(depth: 2, logits: [0, 0, 1])).decision.exits)
    #expect(decider.decide(Scene(depth: 4, logits: bad)).decision == .proceed(confidence: 0))
    #expect(!decider.decide(Scene(depth: 6, logits: [0, 0, 1])).decision.exits)
  }

  @Test(arguments: [-1, 0, 1, 4])
  func refusesPatienceThatCannotWork(patience: Int) {
    let error = #expect(throws: PolicyError.self) {
      try PatiencePolicy(exits: [2, 4, 6], patience: patience)
    }
    #expect(error?.location == "$.patience")
  }
}

@Suite struct FixedDepthPolicyTests {
  @Test func exitsAtItsDepthWithoutMeasuring() throws {
    let policy = try FixedDepthPolicy(depth: 8)
    #expect(policy.exits == [8])
    var decider = policy.makeDecider()
    decider.beginToken(0)
    #expect(decider.decide(Scene(depth: 4)).decision == .proceed(confidence: nil))
    let (decision, requests) = decider.decide(Scene(depth: 8))
    #expect(decision == .exit(confidence: nil))
    #expect(requests == 0)
  }

  @Test(arguments: [-1, 0, 1 << 40])
  func refusesDepthsThatNoModelHas(depth: Int) {
    #expect(throws: PolicyError.self) { try FixedDepthPolicy(depth: depth) }
  }

  @Test(arguments: ["", ".hidden", "a/b", "..", "é", String(repeating: "a", count: 65), "a b"])
  func refusesNamesThatAreNoFileNames(name: String) {
    let error = #expect(throws: PolicyError.self) { try FixedDepthPolicy(name: name, depth: 1) }
    #expect(error?.location == "$.name")
  }
}
