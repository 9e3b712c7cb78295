import Foundation
import RouterCalibration
import RouterExit
import RouterRandom
import Testing

@Suite struct EstimatorTrainerTests {
  static let width = 8

  /// Hidden states whose target is a logistic function of a direction, or, crooked, of its magnitude.
  static func tokens(crooked: Bool = false, prompts: Int = 24, seed: UInt64 = 1) -> EstimatorTrainer.Tokens {
    var generator = SplitMix64(seed: seed)
    var tokens = EstimatorTrainer.Tokens()
    for prompt in 0..<prompts {
      for token in 0..<20 {
        let state = (0..<width).map { _ in Float.random(in: -1...1, using: &generator) }
        let direction = state[0] + 0.5 * state[1]
        let z = crooked ? 12 * abs(direction) - 5 : 6 * direction
        let p = 1 / (1 + exp(-z))
        // One dimension is huge, as in real residual streams.
        tokens.states += state.enumerated().map { $0 == 5 ? 40 + $1 : $1 }
        tokens.tokenIndices.append(token)
        tokens.prompts.append(prompt)
        tokens.targets.append(Float.random(in: 0..<1, using: &generator) < p ? 1 : 0)
      }
    }
    return tokens
  }

  static func quality(_ scores: [Float], _ targets: [Float]) throws -> EstimatorQuality {
    var meter = QualityMeter()
    for (score, target) in zip(scores, targets) {
      meter.add(confidence: score, target: target, agrees: target == 1)
    }
    return try #require(try meter.quality())
  }

  static func confidences(
    _ result: EstimatorTrainer.Result, _ kind: LearnedEstimator.Kind, units: Int,
    _ tokens: EstimatorTrainer.Tokens
  ) throws -> [Float] {
    let estimator = try LearnedEstimator(
      kind: kind, width: width, units: units, networks: [.init(depth: 3, parameters: result.parameters)])
    return tokens.tokenIndices.indices.map { token in
      tokens.states.withUnsafeBufferPointer {
        estimator.confidence(
          depth: 3, tokenIndex: tokens.tokenIndices[token],
          hidden: UnsafeBufferPointer(rebasing: $0[token * width..<(token + 1) * width]))
      }
    }
  }

  @Test func aLinearNetworkLearnsADirectionAndIsCalibratedOnFreshTokens() throws {
    let result = try EstimatorTrainer(seed: 1).train(Self.tokens(), width: Self.width, units: 0)
    let fresh = Self.tokens(seed: 2)
    let quality = try Self.quality(
      Self.confidences(result, .probe, units: 0, fresh), fresh.targets)
    // The true probabilities themselves reach an AUC of about .90 on these tokens.
    #expect(quality.auc > 0.86)
    #expect(quality.calibrationError < 0.07)
    let leftOut = try Self.quality(result.leftOutScores, Self.tokens().targets)
    #expect(leftOut.auc > 0.85 && leftOut.auc < 0.95)
    #expect(leftOut.calibrationError < 0.07)
  }

  @Test func hiddenUnitsLearnWhatALineCannot() throws {
    let tokens = Self.tokens(crooked: true, prompts: 60)
    let fresh = Self.tokens(crooked: true, seed: 2)
    func auc(_ kind: LearnedEstimator.Kind, units: Int) throws -> Double {
      let result = try EstimatorTrainer(seed: 1).train(tokens, width: Self.width, units: units)
      return try Self.quality(
        Self.confidences(result, kind, units: units, fresh), fresh.targets
      ).auc
    }
    #expect(try auc(.probe, units: 0) < 0.65)
    #expect(try auc(.mlp, units: 8) > 0.75)
  }

  @Test func theSameSeedGivesTheSameNetwork() throws {
    let tokens = Self.tokens(prompts: 6)
    func parameters(seed: UInt64) throws -> [Float] {
      try EstimatorTrainer(seed: seed).train(tokens, width: Self.width, units: 4).parameters
    }
    #expect(try parameters(seed: 3) == parameters(seed: 3))
    #expect(try parameters(seed: 3) != parameters(seed: 4))
  }

  /// Random targets: left-out scores must not know them, however well they can be learned by heart.
  @Test func leftOutScoresHaveNotSeenTheirPrompt() throws {
    var tokens = Self.tokens()
    var generator = SplitMix64(seed: 9)
    tokens.targets = tokens.targets.map { _ in Bool.random(using: &generator) ? 1 : 0 }
    let result = try EstimatorTrainer(seed: 1).train(tokens, width: Self.width, units: 8)
    #expect(abs(try Self.quality(result.leftOutScores, tokens.targets).auc - 0.5) < 0.08)
  }

  @Test func gradientsAreFiniteDifferences() {
    var generator = SplitMix64(seed: 5)
    for units in [0, 3] {
      var network = SmallNetwork(columns: 4, units: units, generator: &generator)
      let input: [Float] = [0.5, -1, 0.25, 2]
      input.withUnsafeBufferPointer { input in
        guard let base = input.baseAddress else { return }
        _ = network.score(base)
        network.accumulate(base, slope: 1)
        let gradient = network.gradient
        for index in network.parameters.indices {
          var (above, below) = (network, network)
          above.parameters[index] += 1e-2
          below.parameters[index] -= 1e-2
          let difference = (above.score(base) - below.score(base)) / 2e-2
          #expect(abs(difference - gradient[index]) < 2e-3)
        }
      }
    }
  }

  @Test func refusesWhatCannotBeLearned() {
    let trainer = EstimatorTrainer(seed: 1)
    #expect(throws: CalibrationError.self) {
      try trainer.train(Self.tokens(prompts: 1), width: Self.width, units: 0)
    }
    #expect(throws: CalibrationError.self) { try trainer.train(Self.tokens(), width: 5, units: 0) }
    var bad = Self.tokens()
    bad.targets[3] = .nan
    #expect(throws: CalibrationError.self) { try trainer.train(bad, width: Self.width, units: 0) }
  }
}

@Suite struct QualityMeterTests {
  @Test func figuresOfAFewTokens() throws {
    var meter = QualityMeter()
    #expect(try meter.quality() == nil)
    // Of the four pairs of an agreeing and another token three are in order.
    for (confidence, agrees) in [(Float(0.9), true), (0.8, false), (0.6, true), (0.25, false)] {
      meter.add(confidence: confidence, target: agrees ? 1 : 0, agrees: agrees)
    }
    let quality = try #require(try meter.quality())
    #expect(quality.tokens == 4)
    #expect(quality.agreement == 0.5)
    #expect(quality.auc == 0.75)
    // (.1^2 + .8^2 + .4^2 + .25^2) / 4
    #expect(abs(quality.brier - 0.218125) < 1e-6)
    // Each token is a bin of its own: (.1 + .8 + .4 + .25) / 4.
    #expect(abs(quality.calibrationError - 0.3875) < 1e-6)
  }

  @Test func tiesCountHalf() throws {
    var meter = QualityMeter()
    for agrees in [true, false, true] { meter.add(confidence: 0.5, target: 0.5, agrees: agrees) }
    #expect(try meter.quality()?.auc == 0.5)
    #expect(try meter.quality()?.calibrationError == 0)
  }
}
