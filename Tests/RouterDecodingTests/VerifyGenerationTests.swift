import Foundation
import RouterDecoding
import RouterExit
import RouterModel
import RouterTestSupport
import Testing

/// Mode verify: whatever is drafted, the answer is full depth's.
struct VerifyGenerationTests {
  private let prompt: [Int32] = [97, 98, 99, 97, 98, 99, 97]

  private func request(
    _ sampling: SamplingOptions, policy: (any ExitPolicy)? = nil, maximumTokens: Int = 60,
    stopStrings: [String] = [], maximumExit: Int? = nil, topLogprobs: Int? = nil
  ) -> GenerationRequest {
    GenerationRequest(
      prompt: prompt, maximumTokens: maximumTokens, sampling: sampling, stopStrings: stopStrings,
      decoding: .verify(drafts: policy), maximumExit: maximumExit, topLogprobs: topLogprobs,
      ignoresEndOfText: true)
  }

  /// The events of both modes, but for what is told of the drafts and of time.
  private func expectSame(_ request: GenerationRequest, on language: LanguageModel) throws
    -> DraftingSummary
  {
    let verified = try Transcript(request, on: language)
    var plain = request
    plain.decoding = .full
    let full = try Transcript(plain, on: language)
    #expect(verified.tokens == full.tokens)
    #expect(verified.text == full.text)
    #expect(verified.summary?.finishReason == full.summary?.finishReason)
    #expect(full.summary?.drafting == nil)
    return try #require(verified.summary?.drafting)
  }

  /// Policies that draft at every exit, at some, by scores, and not at all.
  private static func policies() throws -> [(any ExitPolicy)?] {
    [
      nil, try FixedDepthPolicy(depth: 1), try FixedDepthPolicy(depth: 3), ScriptedPolicy { $0 % 4 + 1 },
      try ThresholdPolicy(estimator: .entropy, exits: [1, 2, 3], thresholds: [0.3, 0.3, 0.3]),
      try PatiencePolicy(exits: [1, 2, 3], patience: 2), ScriptedPolicy { _ in .proceed(confidence: nil) },
    ]
  }

  @Test(arguments: 0..<7)
  func theGreedyAnswerIsTheFullModels(policy: Int) throws {
    let policy = try Self.policies()[policy]
    let language = try TinyLanguage.make()
    for letters in [1, 2, 16] {
      let narrow = try TinyLanguage.make(likely: Array(TinyLanguage.letters.prefix(letters)))
      _ = try expectSame(request(.greedy, policy: policy), on: narrow)
    }
    let summary = try expectSame(request(.greedy, policy: policy), on: language)
    #expect(summary.rounds + summary.accepted == 59, "one token is chosen after the prompt")
  }

  @Test(arguments: [0.3, 1, 3] as [Float])
  func aSampledAnswerIsTheFullModelsOfTheSameSeed(temperature: Float) throws {
    let language = try TinyLanguage.make()
    for seed in 0..<8 as Range<UInt64> {
      for (place, policy) in try Self.policies().enumerated() {
        let sampling = try SamplingOptions(
          temperature: temperature, topK: place == 1 ? 3 : nil, topP: place == 2 ? 0.9 : nil,
          minP: place == 3 ? 0.1 : nil, repetitionPenalty: place == 4 ? 1.3 : 1, seed: seed)
        _ = try expectSame(request(sampling, policy: policy), on: language)
      }
    }
  }

  @Test func logprobsStopsAndShallowModelsAreTheFullModels() throws {
    let language = try TinyLanguage.make()
    _ = try expectSame(request(.greedy, topLogprobs: 5), on: language)
    for depth in 1...3 {
      _ = try expectSame(
        request(.greedy, policy: FixedDepthPolicy(depth: 1), maximumExit: depth), on: language)
    }
    let text = try Transcript(request(.greedy), on: language).text
    for length in [1, 2, 5] {
      let stop = String(text.dropFirst(9).prefix(length))
      let summary = try Transcript(request(.greedy, stopStrings: [stop]), on: language).summary
      #expect(summary?.finishReason == .stop)
      _ = try expectSame(request(.greedy, stopStrings: [stop]), on: language)
    }
  }

  /// The last rounds have room for few drafts, or none.
  @Test(arguments: 1...12)
  func theEndOfTheContextIsReachedAsWithout(count: Int) throws {
    let language = try TinyLanguage.make(likely: [97], contextLength: 7 + count)
    _ = try expectSame(request(.greedy, maximumTokens: count), on: language)
  }

  @Test func endOfTextEndsTheAnswerAsWithout() throws {
    let language = try TinyLanguage.make(endOfGeneration: [100, 104])
    for seed in 0..<10 as Range<UInt64> {
      var request = request(try SamplingOptions(temperature: 1, seed: seed))
      request.ignoresEndOfText = false
      _ = try expectSame(request, on: language)
    }
  }

  /// Drafts of a model that says one thing over and over are accepted, several tokens in a pass.
  @Test func whatRepeatsIsDrafted() throws {
    let language = try TinyLanguage.make(likely: [97])
    let summary = try expectSame(request(.greedy), on: language)
    #expect(summary.rounds < 30)
    #expect(summary.accepted > 30 && summary.accepted <= summary.drafted)
  }

  /// An exit that says what full depth says drafts as well as it says it.
  @Test func anExitsDraftsAreCounted() throws {
    let language = try TinyLanguage.make()
    let summary = try expectSame(request(.greedy, policy: FixedDepthPolicy(depth: 1)), on: language)
    #expect(summary.drafted > 0)
  }

  @Test func aScreenedHeadChangesNothing() throws {
    let screened = try TinyLanguage.make(headScreening: .after(inputs: 4))
    _ = try expectSame(request(.greedy, policy: FixedDepthPolicy(depth: 2)), on: screened)
    let plain = try Transcript(request(.greedy), on: TinyLanguage.make())
    #expect(try Transcript(request(.greedy), on: screened).ids == plain.ids)
  }

  /// A table from a damaged or foreign file names tokens that the model does not have.
  @Test func aTableOfUnknownTokensIsHarmless() throws {
    let plain = try TinyLanguage.make()
    let answer = try Transcript(request(.greedy), on: plain)
    let foreign: [Int32] = answer.ids.flatMap { (id: Int32) -> [Int32] in [id, 9999] }
    let table = try #require(DraftTable(training: [.own(foreign)], slotCount: 1 << 10))
    let language = LanguageModel(
      model: plain.model, tokenizer: plain.tokenizer, metadata: plain.metadata,
      fingerprint: plain.fingerprint,
      draftTable: table)
    _ = try expectSame(request(.greedy), on: language)
  }

  @Test func aTableDraftsToo() throws {
    let plain = try TinyLanguage.make()
    let answer = try Transcript(request(.greedy), on: plain)
    let table = try #require(DraftTable(training: [.own(prompt + answer.ids)], slotCount: 1 << 10))
    let language = LanguageModel(
      model: plain.model, tokenizer: plain.tokenizer, metadata: plain.metadata,
      fingerprint: plain.fingerprint,
      draftTable: table)
    let summary = try expectSame(request(.greedy), on: language)
    #expect(summary.accepted > 0)
  }

  /// Pearson's chi-square of the second and third sampled tokens, which were drafted, against the probabilities
  /// that full depth gives to every path of tokens. The bound is the 99.99 % quantile (Wilson and Hilferty's).
  @Test func draftedTokensAreDrawnFromFullDepthsDistribution() throws {
    let tiny = try TinyLanguage.make(likely: [97, 98, 99])
    // The time that a pass of a tiny model takes must not decide whether there are drafts.
    let temperature: Float = 0.4
    let samples = try (10_000..<10_100 as Range<UInt64>).map { seed in
      try Transcript(
        request(try SamplingOptions(temperature: temperature, seed: seed), maximumTokens: 12), on: tiny
      ).ids
    }
    let language = LanguageModel(
      model: tiny.model, tokenizer: tiny.tokenizer, metadata: tiny.metadata, fingerprint: tiny.fingerprint,
      draftTable: DraftTable(training: samples.map(DraftTrainingText.own), slotCount: 1 << 12),
      sweepCosts: SweepCosts(followsTimes: false))
    let expected = try thirdTokenProbabilities(language, temperature: temperature)
    var counts: [Int32: Int] = [:]
    var accepted = 0
    let draws = 3000
    for seed in 0..<UInt64(draws) {
      let sampling = try SamplingOptions(temperature: temperature, seed: seed)
      let answer = try Transcript(request(sampling, maximumTokens: 3), on: language)
      counts[try #require(answer.ids.last), default: 0] += 1
      accepted += answer.summary?.drafting?.accepted ?? 0
    }
    #expect(accepted > draws / 20, "drafts play a part")
    // What is rare goes together.
    let common = expected.filter { $0.value * Double(draws) >= 8 }
    let rest = 1 - common.values.reduce(0, +)
    let restCount = draws - common.keys.reduce(0) { $0 + counts[$1, default: 0] }
    var cells = common.map { (count: counts[$0.key, default: 0], share: $0.value) }
    if rest * Double(draws) >= 8 { cells.append((count: restCount, share: rest)) }
    let statistic = cells.reduce(0.0) { sum, cell in
      let mean = cell.share * Double(draws)
      return sum + (Double(cell.count) - mean) * (Double(cell.count) - mean) / mean
    }
    let freedom = Double(cells.count - 1)
    let base = 1 - 2 / (9 * freedom) + 3.719 * (2 / (9 * freedom)).squareRoot()
    #expect(cells.count >= 3 && statistic < freedom * base * base * base, "\(statistic) at \(freedom)")
  }

  /// Full depth's probabilities of the third token, over all first and second ones that matter.
  private func thirdTokenProbabilities(
    _ language: LanguageModel, temperature: Float
  ) throws -> [Int32: Double] {
    let session = try InferenceSession(model: language.model, capacity: prompt.count + 2)
    func next(_ tokens: [Int32]) throws -> [Double] {
      session.rollBack(to: 0)
      try session.begin(tokens)
      session.advance(to: session.depthLimit)
      var logits = [Float](repeating: 0, count: language.vocabularySize)
      session.logits(rows: tokens.count - 1..<tokens.count, into: &logits)
      let top = logits.max() ?? 0
      let weights = logits.map { exp(Double(($0 - top) / temperature)) }
      let total = weights.reduce(0, +)
      return weights.map { $0 / total }
    }
    var found: [Int32: Double] = [:]
    for (first, p) in try next(prompt).enumerated() where p > 1e-4 {
      for (second, q) in try next(prompt + [Int32(first)]).enumerated() where p * q > 1e-6 {
        for (third, r) in try next(prompt + [Int32(first), Int32(second)]).enumerated() {
          found[Int32(third), default: 0] += p * q * r
        }
      }
    }
    return found
  }
}
