import RouterDecoding
import RouterExit
import RouterModel
import RouterRandom
import RouterTestSupport
import Testing

/// What exits add to the layers of a token: time, and no allocation.
@Suite(.enabled(if: AllocationCounter.isMeaningful, "allocations are those of a release build with glibc"))
struct AllocationTests {
  private static let exits = [1, 2, 3]

  /// Policies that are asked at every exit and let no token go, with estimators on hidden states and on logits.
  private static func policies() throws -> [any ExitPolicy] {
    let width = 32
    let learned = try LearnedEstimator(
      kind: .probe, width: width,
      networks: exits.map {
        .init(depth: $0, parameters: [Float](repeating: 0, count: width + 2) + [-9])
      })
    let estimators = ExitEstimator.parameterFree + [.learned(learned)]
    return try estimators.map { estimator in
      try ThresholdPolicy(
        estimator: estimator, exits: exits, thresholds: [1, 1, 1], decay: ThresholdDecay(tau: 0, length: 8))
    }
  }

  /// Logits that no policy is sure of.
  private let logits = StoredLogits([Float](repeating: 0, count: TinyLanguage.vocabularySize))

  @Test func aDecisionAboutARowAllocatesNothing() throws {
    let session = try InferenceSession(model: TinyLanguage.make().model, capacity: 8)
    try session.begin([72, 105, 32])
    session.advance(to: 2)
    for policy in try Self.policies() {
      var decider = TokenDecider(policy: policy, width: 32)
      func ask() {
        for token in 0..<5 {
          decider.begin(token)
          for _ in 0..<3 { _ = decider.leaves(session, row: 2, logits: logits) }
        }
      }
      // The first time pays for what the language's run time makes once.
      ask()
      #expect(AllocationCounter.allocations(during: ask) == 0, "\(policy.name)")
    }
  }

  /// Asking at three exits on the way allocates what running the layers in the same pieces does.
  @Test func aTokenThroughItsExitsAllocatesAsItsLayersDo() throws {
    let model = try TinyLanguage.make().model
    let session = try InferenceSession(model: model, capacity: 32)
    func token(_ run: () -> Void) throws -> Int {
      try session.append(CollectionOfOne(72))
      let count = AllocationCounter.allocations(during: run)
      #expect(session.depth == session.depthLimit)
      session.commitFull()
      return count
    }
    func layers() { for depth in 1...4 { session.advance(to: depth) } }
    for policy in try Self.policies() {
      var loop = ExitLoop(session: session, policy: policy)
      func walk() { _ = loop.run(index: session.position, logits: logits) }
      _ = try (token(layers), token(walk))
      #expect(try token(walk) == token(layers), "\(policy.name)")
    }
  }
}
