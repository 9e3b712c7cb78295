import RouterDecoding
import RouterExit
import RouterModel
import RouterTestSupport
import Testing

/// A screen of the head changes how tokens are found, and nothing else.
struct HeadScreenGenerationTests {
  private let prompt: [Int32] = [72, 105, 32]

  /// The same request with and without a screen, and the tokens that were chosen through the screen.
  ///
  /// - Parameter likely: all bytes, so that logits are close to each other, or a few.
  private func outcomes(
    _ request: GenerationRequest, likely: [UInt8] = Array(UInt8.min...UInt8.max)
  ) throws -> (plain: Transcript, screened: Transcript, throughScreen: Int) {
    let plain = try TinyLanguage.make(likely: likely, headScreening: .off)
    let screened = try TinyLanguage.make(likely: likely, headScreening: .after(inputs: 2))
    return (
      try Transcript(request, on: plain), try Transcript(request, on: screened),
      screened.headScreenCounters.screened
    )
  }

  @Test func aGreedyAnswerIsTheSame() throws {
    let (plain, screened, count) = try outcomes(GenerationRequest(prompt: prompt, maximumTokens: 40))
    #expect(screened.tokens == plain.tokens)
    // The first two inputs showed the screen where inputs are long.
    #expect(count == 38)
  }

  @Test func aGreedyAnswerUnderAPolicyIsTheSame() throws {
    let policy = ScriptedPolicy(depths: { [1, 3, 4, 2][$0 % 4] })
    let request = GenerationRequest(prompt: prompt, maximumTokens: 40, decoding: try .tiny(policy))
    let (plain, screened, count) = try outcomes(request)
    #expect(screened.tokens == plain.tokens)
    #expect(Set(screened.depths) == [1, 2, 3, 4])
    #expect(count == 38)
  }

  /// A policy that has asked for the logits of its exit has paid for them: the token comes from those.
  @Test func logitsThatAreThereAreUsed() throws {
    let policy = ScriptedPolicy { observation in
      observation.logits[0].isFinite && observation.depth == 2
        ? .exit(confidence: 1) : .proceed(confidence: 0)
    }
    let request = GenerationRequest(prompt: prompt, maximumTokens: 20, decoding: try .tiny(policy))
    let (plain, screened, count) = try outcomes(request)
    #expect(screened.tokens == plain.tokens)
    // Only the first token, from the prompt, met no policy, and it was a sample.
    #expect(count == 0)
  }

  /// Whoever needs other logits than the largest gets all of them.
  @Test(arguments: ["logprobs", "temperature", "penalty"])
  func otherUsesOfTheLogitsDoWithoutTheScreen(use: String) throws {
    var request = GenerationRequest(prompt: prompt, maximumTokens: 20)
    switch use {
    case "logprobs": request.topLogprobs = 3
    case "temperature": request.sampling = try SamplingOptions(temperature: 0.8, seed: 4)
    default: request.sampling = try SamplingOptions(temperature: 0, repetitionPenalty: 1.3)
    }
    let (plain, screened, count) = try outcomes(request)
    #expect(screened.tokens == plain.tokens)
    #expect(count == 0)
  }

  /// One most probable token is a greedy choice, at any temperature.
  @Test func samplingAmongOneTokenIsGreedy() throws {
    var request = GenerationRequest(prompt: prompt, maximumTokens: 20)
    request.sampling = try SamplingOptions(temperature: 1, topK: 1, seed: 5)
    let (plain, screened, count) = try outcomes(request)
    #expect(screened.tokens == plain.tokens)
    #expect(count == 18)
  }

  /// How a draw may be restricted so that a few logits decide.
  enum Restriction: String, CaseIterable {
    case topK, topKAndTopP, topKAndMinP, minP, all
  }

  /// The same tokens for the same random numbers: the kept tokens and their probabilities are the same.
  @Test(arguments: Restriction.allCases, [0.3, 1, 1.7] as [Float])
  func restrictedDrawsAreTheSame(restriction: Restriction, temperature: Float) throws {
    var through = 0
    for seed in 0..<4 as Range<UInt64> {
      let sampling =
        switch restriction {
        case .topK: try SamplingOptions(temperature: temperature, topK: 3, seed: seed)
        case .topKAndTopP: try SamplingOptions(temperature: temperature, topK: 4, topP: 0.7, seed: seed)
        case .topKAndMinP: try SamplingOptions(temperature: temperature, topK: 2, minP: 0.05, seed: seed)
        case .minP: try SamplingOptions(temperature: temperature, minP: 0.1, seed: seed)
        case .all: try SamplingOptions(temperature: temperature, topP: 0.95, seed: seed)
        }
      let request = GenerationRequest(prompt: prompt, maximumTokens: 30, sampling: sampling)
      let (plain, screened, count) = try outcomes(request, likely: TinyLanguage.letters)
      #expect(screened.tokens == plain.tokens)
      through += count
    }
    // Without a restriction every logit has a share in the sum.
    #expect(restriction == .all ? through == 0 : through > 0)
  }

  /// Where most of the head would be needed, the whole head is used, and the screen soon left alone.
  @Test func aWideDrawLeavesTheScreenAlone() throws {
    var request = GenerationRequest(prompt: prompt, maximumTokens: 20)
    request.sampling = try SamplingOptions(temperature: 2, minP: 1e-6, seed: 3)
    let language = try TinyLanguage.make(
      likely: Array(UInt8.min...UInt8.max), headScreening: .after(inputs: 2))
    let screened = try Transcript(request, on: language)
    #expect(language.headScreenCounters.screened == 0 && language.headScreenCounters.fallbacks == 4)
    let (plain, _, _) = try outcomes(request)
    #expect(screened.tokens == plain.tokens)
  }
}
