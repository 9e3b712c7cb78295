import Foundation
import RouterDecoding
import RouterExit
import RouterModel
import RouterTestSupport
import Testing

/// Mode exit with drafts: whatever is drafted, tokens leave where they leave without, saying the same.
struct DraftedExitTests {
  private let prompt: [Int32] = [97, 98, 99, 97, 98, 99, 97]

  private func request(
    _ sampling: SamplingOptions = .greedy, policy: any ExitPolicy, maximumTokens: Int = 60,
    stopStrings: [String] = [], maximumExit: Int? = nil, topLogprobs: Int? = nil
  ) throws -> GenerationRequest {
    GenerationRequest(
      prompt: prompt, maximumTokens: maximumTokens, sampling: sampling, stopStrings: stopStrings,
      decoding: try .tiny(policy, .exact), maximumExit: maximumExit, topLogprobs: topLogprobs,
      ignoresEndOfText: true)
  }

  @discardableResult
  private func expectSame(_ request: GenerationRequest, on language: LanguageModel) throws
    -> (drafted: DraftingSummary, plain: Transcript)
  {
    let drafted = try Transcript(request, on: language)
    var plan = try #require(request.decoding.plan)
    plan.draftsAhead = false
    var alone = request
    alone.decoding = .exit(plan)
    let plain = try Transcript(alone, on: language)
    // Texts, depths, confidences and log-probabilities among them.
    #expect(drafted.tokens == plain.tokens)
    #expect(drafted.text == plain.text)
    #expect(drafted.summary?.finishReason == plain.summary?.finishReason)
    #expect(drafted.summary?.depthCounts == plain.summary?.depthCounts)
    #expect(plain.summary?.drafting == nil)
    return (try #require(drafted.summary?.drafting), plain)
  }

  /// By states, by scores, by both, with memory within a token, at some exits and at all.
  private static func policies() throws -> [any ExitPolicy] {
    [
      try FixedDepthPolicy(depth: 1), try FixedDepthPolicy(depth: 3),
      try ThresholdPolicy(estimator: .saturation, exits: [1, 2, 3], thresholds: [0.9, 0.5, 0.6]),
      try ThresholdPolicy(estimator: .saturation, exits: [2, 3], thresholds: [0.9, 0.7]),
      try ThresholdPolicy(estimator: .entropy, exits: [1, 2, 3], thresholds: [0.3, 0.3, 0.3]),
      try ThresholdPolicy(
        estimator: .maximumProbability, exits: [1, 3], thresholds: [0.5, 0.2],
        decay: ThresholdDecay(tau: 4, length: 60)),
      try PatiencePolicy(exits: [1, 2, 3], patience: 2),
    ]
  }

  @Test(arguments: 0..<7)
  func greedyAnswersAreThoseWithoutDrafts(policy: Int) throws {
    let policy = try Self.policies()[policy]
    var depths: Set<Int> = []
    for letters in [1, 2, 3, 16] {
      for screening in [HeadScreening.off, .after(inputs: 4)] {
        let language = try TinyLanguage.make(
          likely: Array(TinyLanguage.letters.prefix(letters)), headScreening: screening)
        let (drafted, plain) = try expectSame(try request(policy: policy), on: language)
        #expect(drafted.rounds + drafted.accepted == 59, "one token is chosen after the prompt")
        if letters == 1 { #expect(drafted.accepted > 20) }
        depths.formUnion(plain.depths.dropFirst())
      }
    }
    #expect(depths.min() ?? 4 < 4, "some tokens leave early")
  }

  @Test(arguments: [0.3, 1] as [Float])
  func sampledAnswersAreThoseOfTheSameSeed(temperature: Float) throws {
    let language = try TinyLanguage.make()
    for seed in 0..<6 as Range<UInt64> {
      for (place, policy) in try Self.policies().enumerated() {
        let sampling = try SamplingOptions(
          temperature: temperature, topK: place == 1 ? 3 : nil, topP: place == 2 ? 0.9 : nil,
          minP: place == 3 ? 0.1 : nil, repetitionPenalty: place == 4 ? 1.3 : 1, seed: seed)
        try expectSame(try request(sampling, policy: policy), on: language)
      }
    }
  }

  @Test func logprobsStopsAndShallowModelsAreThoseWithout() throws {
    let language = try TinyLanguage.make(likely: Array(TinyLanguage.letters.prefix(2)))
    for policy in try Self.policies() {
      try expectSame(try request(policy: policy, topLogprobs: 5), on: language)
      for depth in 2...3 { try expectSame(try request(policy: policy, maximumExit: depth), on: language) }
      let text = try Transcript(try request(policy: policy), on: language).text
      let stop = String(text.dropFirst(9).prefix(3))
      try expectSame(try request(policy: policy, stopStrings: [stop]), on: language)
    }
  }

  /// The last rounds have room for few drafts, or none.
  @Test(arguments: 1...12)
  func theEndOfTheContextIsReachedAsWithout(count: Int) throws {
    let language = try TinyLanguage.make(likely: [97], contextLength: 7 + count)
    for policy in try Self.policies() {
      try expectSame(try request(policy: policy, maximumTokens: count), on: language)
    }
  }

  /// What a policy remembers of other tokens may decide about this one: it is asked about one at a time.
  @Test func aPolicyWithAMemoryIsAskedInOrder() throws {
    let language = try TinyLanguage.make(likely: [97])
    let answer = try Transcript(try request(policy: ScriptedPolicy { $0 % 4 + 1 }), on: language)
    #expect(answer.summary?.drafting == nil)
    #expect(answer.depths.dropFirst() == [2, 3, 4, 1, 2, 3, 4][...] + answer.depths.dropFirst(8))
  }

  @Test func aTableDraftsToo() throws {
    let plain = try TinyLanguage.make()
    let policy = try FixedDepthPolicy(depth: 2)
    let answer = try Transcript(try request(policy: policy), on: plain)
    let table = try #require(DraftTable(training: [.own(prompt + answer.ids)], slotCount: 1 << 10))
    let language = LanguageModel(
      model: plain.model, tokenizer: plain.tokenizer, metadata: plain.metadata,
      fingerprint: plain.fingerprint,
      draftTable: table, sweepCosts: SweepCosts(followsTimes: false))
    #expect(try expectSame(try request(policy: policy), on: language).drafted.accepted > 10)
  }
}
