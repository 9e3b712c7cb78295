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
          for _ in 0..<3 {
            _ = decider.decide(depth: 2, layerCount: 4, hidden: session.hidden(row: 2), logits: logits)
          }
        }
      }
      // The first time pays for what the language's run time makes once.
      ask()
      #expect(AllocationCounter.allocations(during: ask) == 0, "\(policy.name)")
    }
  }

  /// What a token at full depth and one that is asked about at three exits allocate: the same but for the pieces in
  /// which its layers run and the lists of who is asked, whatever the estimator does.
  @Test func aSweepAllocatesTheSameUnderEveryPolicy() throws {
    let language = try TinyLanguage.make()
    func allocations(_ policy: any ExitPolicy) throws -> Int {
      let batch = DecodingBatch(language)
      try batch.add(
        GenerationRequest(
          prompt: [72, 105], maximumTokens: 100, decoding: try .tiny(policy), ignoresEndOfText: true))
      for _ in 0..<40 { batch.sweep() }
      let counts = (0..<5).map { _ in AllocationCounter.allocations(during: { batch.sweep() }) }
      return counts.min() ?? 0
    }
    let counts = try Self.policies().filter { $0.name != "none" }.map(allocations)
    let hidden = try allocations(ScriptedPolicy { _ in .proceed(confidence: nil) })
    #expect(hidden < 400)
    // Logits that are asked for have lists of their own.
    #expect(counts.allSatisfy { $0 < 600 }, "\(counts)")
  }
}
