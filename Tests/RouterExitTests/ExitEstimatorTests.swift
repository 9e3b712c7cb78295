import Foundation
import RouterExit
import RouterRandom
import Testing

@Suite struct ExitEstimatorTests {
  static func confidence(_ estimator: ExitEstimator, _ scene: Scene) throws -> (Float, requests: Int) {
    // A threshold of 0 measures and exits, so its decision shows the confidence.
    var decider = try ThresholdPolicy(estimator: estimator, exits: [scene.depth], thresholds: [0])
      .makeDecider()
    let (decision, requests) = decider.decide(scene)
    return (try #require(decision.confidence), requests)
  }

  /// softmax of these is (.5, .25, .125, .125).
  static let knownLogits: [Float] = [Float(log(0.5)), Float(log(0.25)), Float(log(0.125)), Float(log(0.125))]

  @Test func measuresAKnownDistribution() throws {
    let scene = Scene(logits: Self.knownLogits)
    #expect(abs(try Self.confidence(.maximumProbability, scene).0 - 0.5) < 1e-6)
    #expect(abs(try Self.confidence(.margin, scene).0 - 0.25) < 1e-6)
    // H = 1.75 bits of at most 2.
    #expect(abs(try Self.confidence(.entropy, scene).0 - 0.125) < 1e-6)
  }

  @Test func asksForLogitsOnlyWhenItReadsThem() throws {
    for estimator in ExitEstimator.parameterFree {
      let scene = Scene(previousHidden: [1, 0], logits: [1, 2])
      let requests = try Self.confidence(estimator, scene).requests
      #expect(requests == (estimator.reads == .logits ? 1 : 0))
    }
  }

  @Test func saturationIsTheCosine() throws {
    func saturation(_ a: [Float], _ b: [Float]?) throws -> Float {
      try Self.confidence(.saturation, Scene(hidden: a, previousHidden: b)).0
    }
    #expect(abs(try saturation([1, 2, 2], [2, 4, 4]) - 1) < 1e-6)
    #expect(abs(try saturation([1, 0], [1, 1]) - Float(0.5.squareRoot())) < 1e-6)
    #expect(try saturation([1, 0], [-1, 0]) == 0)
    #expect(try saturation([1, 0], nil) == 0)
    #expect(try saturation([0, 0], [1, 0]) == 0)
    #expect(try saturation([.nan, 0], [1, 0]) == 0)
    #expect(try saturation([.infinity, 0], [1, 0]) == 0)
    // Squares beyond the range of f32.
    #expect(abs(try saturation([1e30, 0], [1e30, 1e30]) - Float(0.5.squareRoot())) < 1e-6)
  }

  @Test(arguments: 1...40)
  func saturationAgreesWithTheDefinitionAtEveryTailSize(width: Int) {
    var generator = SplitMix64(seed: UInt64(width))
    let a = (0..<width).map { _ in Float.random(in: 0...1, using: &generator) }
    let b = (0..<width).map { _ in Float.random(in: 0...1, using: &generator) }
    func dot(_ x: [Float], _ y: [Float]) -> Double {
      zip(x, y).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let expected = dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
    let measured = a.withUnsafeBufferPointer { a in
      b.withUnsafeBufferPointer { ExitEstimator.cosine(a, $0) }
    }
    #expect(abs(Double(measured) - expected) < 1e-6)
  }

  @Test(arguments: ExitEstimator.parameterFree)
  func nonFiniteInputGivesNoConfidence(estimator: ExitEstimator) throws {
    for bad in [Float.nan, .infinity, -.infinity] {
      let scene = Scene(hidden: [bad, 1], previousHidden: [1, 1], logits: [0, bad, 1])
      #expect(try Self.confidence(estimator, scene).0 == 0)
    }
  }

  @Test(arguments: ExitEstimator.parameterFree)
  func namesRoundTrip(estimator: ExitEstimator) {
    #expect(ExitEstimator(name: estimator.name) == estimator)
    #expect(ExitEstimator(name: estimator.name + "x") == nil)
  }
}
