import RouterDecoding
import RouterExit
import RouterModel
import Testing

/// Mode verify: whatever is guessed, the answer is full depth's.
struct VerifyGenerationTests {
  private let prompt: [Int32] = [97, 98, 99, 97, 98, 99, 97]

  private func request(
    _ sampling: SamplingOptions, policy: (any ExitPolicy)? = nil, maximumTokens: Int = 60,
    stopStrings: [String] = [], maximumExit: Int? = nil, topLogprobs: Int? = nil
  ) -> GenerationRequest {
    GenerationRequest(
      prompt: prompt, maximumTokens: maximumTokens, sampling: sampling, stopStrings: stopStrings,
      mode: .verify, policy: policy, maximumExit: maximumExit, topLogprobs: topLogprobs,
      ignoresEndOfText: true)
  }

  /// The events of both modes, but for what is told of the guesses and of time.
  private func expectSame(_ request: GenerationRequest, on language: LanguageModel) throws
    -> VerificationSummary
  {
    let verified = try Transcript(request, on: language)
    var plain = request
    plain.mode = .full
    plain.policy = nil
    let full = try Transcript(plain, on: language)
    #expect(verified.tokens == full.tokens)
    #expect(verified.text == full.text)
    #expect(verified.summary?.finishReason == full.summary?.finishReason)
    #expect(full.summary?.verification == nil)
    return try #require(verified.summary?.verification)
  }

  /// Policies that guess at every exit, at some, by scores, and not at all.
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

  /// The last rounds have room for few guesses, or none.
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

  /// A model that says one thing over and over is guessed right, several tokens in a pass.
  @Test func whatRepeatsIsGuessed() throws {
    let language = try TinyLanguage.make(likely: [97])
    let summary = try expectSame(request(.greedy), on: language)
    #expect(summary.rounds < 30)
    #expect(summary.accepted > 30 && summary.accepted <= summary.drafted)
  }

  /// An exit that says what full depth says drafts as well as it says it.
  @Test func anExitsGuessesAreCounted() throws {
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

  @Test func aTableGuessesToo() throws {
    let plain = try TinyLanguage.make()
    let answer = try Transcript(request(.greedy), on: plain)
    let table = try #require(DraftTable(learning: [prompt + answer.ids], slotCount: 1 << 10))
    let language = LanguageModel(
      model: plain.model, tokenizer: plain.tokenizer, metadata: plain.metadata, fingerprint: "tiny",
      draftTable: table)
    let summary = try expectSame(request(.greedy), on: language)
    #expect(summary.accepted > 0)
  }
}
