import RouterExit
import RouterRandom
import RouterTestSupport
import Testing

/// Decisions run between the layers of every token: they allocate nothing.
@Suite(.enabled(if: AllocationCounter.isMeaningful, "allocations are those of a release build with glibc"))
struct AllocationTests {
  private static let width = 48
  private static let exits = [4, 8, 12]

  /// Policies over every estimator, with constant and with falling thresholds, and those without an estimator.
  private static func policies() throws -> [any ExitPolicy] {
    let learned = try LearnedEstimator.Kind.allCases.map {
      ExitEstimator.learned(try LearnedEstimatorTests.estimator($0, width: width, depths: exits))
    }
    let thresholds = try (ExitEstimator.parameterFree + learned).flatMap { estimator in
      try [nil, ThresholdDecay(length: 16)].map { decay in
        try ThresholdPolicy(
          estimator: estimator, exits: exits, thresholds: [1, 0.5, nil], decay: decay) as any ExitPolicy
      }
    }
    return thresholds + [
      try PatiencePolicy(exits: exits, patience: 2), try FixedDepthPolicy(depth: 8),
    ]
  }

  /// Asks about `tokens` tokens at every exit.
  private static func decide(
    _ decider: inout any ExitDecider, tokens: Int, hidden: UnsafeBufferPointer<Float>,
    previous: UnsafeBufferPointer<Float>, logits: any ExitLogits
  ) {
    for token in 0..<tokens {
      decider.beginToken(token)
      for exit in exits {
        _ = decider.decide(
          ExitObservation(
            depth: exit, layerCount: 30, tokenIndex: token, hidden: hidden,
            previousHidden: exit == exits[0] ? nil : previous, logits: logits))
      }
    }
  }

  @Test func aDecisionAllocatesNothing() throws {
    var random = SplitMix64(seed: 29)
    let states = [random.floats(Self.width), random.floats(Self.width)]
    let logits = StoredLogits(random.floats(1_000, amplitude: 8))
    for policy in try Self.policies() {
      var decider = policy.makeDecider()
      let count = states[0].withUnsafeBufferPointer { hidden in
        states[1].withUnsafeBufferPointer { previous in
          // The first token pays for what the language's run time makes once.
          Self.decide(&decider, tokens: 1, hidden: hidden, previous: previous, logits: logits)
          return AllocationCounter.allocations {
            Self.decide(&decider, tokens: 10, hidden: hidden, previous: previous, logits: logits)
          }
        }
      }
      #expect(count == 0, "\(policy.name)")
    }
  }

  /// The counter is no decoration: it sees an object, and an array that grows.
  @Test func allocationsAreCounted() {
    var kept: [StoredLogits] = []
    #expect(AllocationCounter.allocations { kept.append(StoredLogits([1, 2])) } >= 2)
    #expect(kept[0].logits().count == 2)
    #expect(AllocationCounter.allocations {} == 0)
  }
}
