import Foundation
import RouterDecoding
import RouterExit
import RouterModel
import RouterTestSupport
import Testing

/// Full depth: tokens, their text, and why an answer ends.
struct GenerationTests {
  private let prompt: [Int32] = [72, 105, 32]

  /// The greedy answer, by hand: the whole prompt, then one token at a time, all layers.
  private func greedyAnswer(_ language: LanguageModel, _ prompt: [Int32], count: Int) throws -> [Int32] {
    let session = try InferenceSession(model: language.model, capacity: prompt.count + count)
    var logits = [Float](repeating: 0, count: language.vocabularySize)
    var answer: [Int32] = []
    for token in prompt {
      try session.begin([token])
      session.advance(to: session.depthLimit)
      session.logits(rows: 0..<1, into: &logits)
      session.commitFull()
    }
    while answer.count < count {
      let best = logits.indices.max { logits[$0] < logits[$1] }.map { Int32($0) } ?? -1
      answer.append(best)
      try session.begin([best])
      session.advance(to: session.depthLimit)
      session.logits(rows: 0..<1, into: &logits)
      session.commitFull()
    }
    return answer
  }

  @Test func greedyTextIsTheArgmaxOfEachStep() throws {
    let language = try TinyLanguage.make()
    let transcript = try Transcript(.init(prompt: prompt, maximumTokens: 40), on: language)
    #expect(transcript.ids == (try greedyAnswer(language, prompt, count: 40)))
    #expect(Set(transcript.ids).count > 3, "the model is not stuck on a token")
    #expect(transcript.text == language.decode(transcript.ids))
    #expect(transcript.tokens.allSatisfy { $0.depth == 4 && $0.confidence == nil && $0.logprob == nil })
    #expect(transcript.tokens.allSatisfy { $0.bytes == [UInt8($0.id)] && $0.topLogprobs.isEmpty })
    let summary = try #require(transcript.summary)
    #expect(summary.finishReason == .length)
    #expect(summary.promptTokenCount == 3 && summary.completionTokenCount == 40)
    #expect(summary.meanDepth == 4 && summary.depthCounts == [4: 40])
    #expect(summary.endOfText == nil && summary.trailingText.isEmpty)
    #expect(summary.prefillSeconds >= 0 && summary.decodeSeconds >= 0)
  }

  /// Prompts around the 256 tokens of one batch.
  @Test(arguments: [1, 255, 256, 257, 512, 600])
  func longPromptsRunInBatches(count: Int) throws {
    let language = try TinyLanguage.make(contextLength: 700)
    let prompt = (0..<count).map { Int32($0 * 7 % 256) }
    let generation = try Generation(.init(prompt: prompt, maximumTokens: 5), on: language)
    var transcript = Transcript()
    for _ in 0..<(count - 1) / DecodingBatch.rowLimit { #expect(try generation.advance().isEmpty) }
    while !generation.isFinished { transcript.add(try generation.advance()) }
    #expect(transcript.ids == (try greedyAnswer(language, prompt, count: 5)))
  }

  @Test func theLastPositionOfTheContextCanBeUsed() throws {
    let language = try TinyLanguage.make(contextLength: 16)
    let transcript = try Transcript(.init(prompt: prompt, maximumTokens: 13), on: language)
    #expect(transcript.ids.count == 13)
    #expect(throws: GenerationError.self) {
      try Transcript(.init(prompt: prompt, maximumTokens: 14), on: language)
    }
  }

  /// All bytes are likely, so most of the text is broken UTF-8 and characters are spread over tokens.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func streamedTextIsTheDecodedText(seed: UInt64) throws {
    let language = try TinyLanguage.make(likely: Array(0...255))
    let sampling = try SamplingOptions(temperature: 1.5, seed: seed)
    let request = GenerationRequest(prompt: prompt, maximumTokens: 120, sampling: sampling)
    let transcript = try Transcript(request, on: language)
    #expect(transcript.text == language.decode(transcript.ids))
    #expect(transcript.tokens.flatMap(\.bytes) == transcript.ids.map { UInt8($0) })
    #expect(transcript.tokens.contains { $0.text.isEmpty }, "nothing was ever held back")
  }

  /// A SentencePiece decoder drops the space in front of a text; an answer is not the start of one.
  @Test func theAnswerContinuesThePrompt() throws {
    let language = try TinyLanguage.make(tokenizer: TinyLanguage.words())
    let transcript = try Transcript(.init(prompt: prompt, maximumTokens: 10), on: language)
    #expect(transcript.text.first == " ")
    #expect(language.decode(prompt) + transcript.text == language.decode(prompt + transcript.ids))
  }

  /// The token that ends the text is neither text nor counted, but reported with its depth.
  @Test func endOfTextEndsTheAnswer() throws {
    let plain = try Transcript(.init(prompt: prompt, maximumTokens: 30), on: TinyLanguage.make())
    let end = try #require(plain.ids.first { $0 != plain.ids[0] })
    let first = try #require(plain.ids.firstIndex(of: end))
    let language = try TinyLanguage.make(endOfGeneration: [end])
    let transcript = try Transcript(.init(prompt: prompt, maximumTokens: 30, topLogprobs: 0), on: language)
    #expect(transcript.ids == Array(plain.ids[..<first]))
    #expect(transcript.text == language.decode(transcript.ids))
    let summary = try #require(transcript.summary)
    #expect(summary.finishReason == .stop && summary.completionTokenCount == first)
    #expect(summary.endOfText?.id == end && summary.endOfText?.depth == 4 && summary.endOfText?.text == "")
    #expect(summary.endOfText?.logprob != nil)
    #expect(summary.depthCounts == [4: first])

    let ignoring = GenerationRequest(prompt: prompt, maximumTokens: 30, ignoresEndOfText: true)
    #expect(try Transcript(ignoring, on: language).ids == plain.ids)
  }

  @Test func anAnswerMayBeEmpty() throws {
    let first = try Transcript(.init(prompt: prompt, maximumTokens: 1), on: TinyLanguage.make()).ids[0]
    let language = try TinyLanguage.make(endOfGeneration: [first])
    let transcript = try Transcript(.init(prompt: prompt, maximumTokens: 9), on: language)
    #expect(transcript.ids.isEmpty && transcript.text.isEmpty)
    #expect(transcript.summary?.meanDepth == 0 && transcript.summary?.completionTokenCount == 0)
    #expect(transcript.summary?.finishReason == .stop)
  }

  /// A stop string taken from the answer itself, over one to four tokens.
  @Test(arguments: 1...4)
  func aStopStringEndsTheAnswerAndIsNoPartOfIt(length: Int) throws {
    let language = try TinyLanguage.make()
    let plain = try Transcript(.init(prompt: prompt, maximumTokens: 40), on: language)
    let stop = String(plain.text.dropFirst(6).prefix(length))
    let request = GenerationRequest(prompt: prompt, maximumTokens: 40, stopStrings: ["never", stop])
    let transcript = try Transcript(request, on: language)
    let before = try #require(plain.text.range(of: stop)).lowerBound
    #expect(transcript.text == plain.text[..<before])
    #expect(transcript.summary?.finishReason == .stop && transcript.summary?.endOfText == nil)
    // The tokens of the stop string have been generated, so they count.
    #expect(transcript.ids == Array(plain.ids[..<transcript.ids.count]))
    #expect(language.decode(transcript.ids).hasSuffix(stop))
  }

  /// Text that might have become a stop string is released at the end, whatever ends the answer.
  @Test func heldBackTextIsReleasedAtTheEnd() throws {
    let language = try TinyLanguage.make()
    let plain = try Transcript(.init(prompt: prompt, maximumTokens: 12), on: language)
    let tail = plain.text.suffix(3)
    let request = GenerationRequest(prompt: prompt, maximumTokens: 12, stopStrings: [tail + "\u{0}"])
    let transcript = try Transcript(request, on: language)
    #expect(transcript.text == plain.text)
    #expect(transcript.summary?.trailingText.isEmpty == false)
    #expect(transcript.summary?.finishReason == .length)

    let generation = try Generation(
      .init(prompt: prompt, maximumTokens: 20, stopStrings: [tail + "\u{0}"]), on: language)
    var cancelled = Transcript()
    while cancelled.ids.count < 12 { cancelled.add(try generation.advance()) }
    cancelled.add([generation.cancel()])
    #expect(cancelled.text == plain.text)
    #expect(cancelled.summary?.finishReason == .cancelled)
    #expect(cancelled.summary?.completionTokenCount == 12)
    #expect(generation.isFinished)
    #expect(try generation.advance().isEmpty)
  }

  @Test func logprobsAreThoseOfTheUnmodifiedDistribution() throws {
    let language = try TinyLanguage.make()
    let sampling = try SamplingOptions(temperature: 0.7, topK: 5, repetitionPenalty: 1.5, seed: 3)
    func run(_ sampling: SamplingOptions, _ count: Int?) throws -> Transcript {
      try Transcript(
        .init(prompt: prompt, maximumTokens: 20, sampling: sampling, topLogprobs: count), on: language)
    }
    let many = try run(sampling, 20)
    for token in many.tokens {
      #expect(token.topLogprobs.count == 20)
      #expect(zip(token.topLogprobs, token.topLogprobs.dropFirst()).allSatisfy { $0.logprob >= $1.logprob })
      #expect(token.topLogprobs.allSatisfy { $0.bytes == [UInt8($0.id)] && $0.logprob < 0 })
      if let own = token.topLogprobs.first(where: { $0.id == token.id }) {
        #expect(own.logprob == token.logprob)
      }
    }
    // The first position's distribution depends on the prompt only, not on how a token is drawn from it.
    #expect(many.tokens[0].topLogprobs == (try run(.greedy, 20)).tokens[0].topLogprobs)
    let own = try run(sampling, 0)
    #expect(own.ids == many.ids && own.tokens.map(\.logprob) == many.tokens.map(\.logprob))
    #expect(own.tokens.allSatisfy { $0.topLogprobs.isEmpty })
    #expect(try run(sampling, nil).tokens.allSatisfy { $0.logprob == nil })
  }

  @Test func aReportedSeedReproducesTheAnswer() throws {
    let language = try TinyLanguage.make()
    func run(_ seed: UInt64?) throws -> Transcript {
      let sampling = try SamplingOptions(temperature: 1.2, topP: 0.95, seed: seed)
      return try Transcript(.init(prompt: prompt, maximumTokens: 30, sampling: sampling), on: language)
    }
    let first = try run(nil)
    let seed = try #require(first.summary?.seed)
    #expect(try run(seed).ids == first.ids)
    #expect(try run(seed &+ 1).ids != first.ids)
  }

  /// The penalty looks at the prompt and at what was generated: a token that is said again would have been said
  /// without it, since it divides what speaks for the token by 100.
  @Test func aStrongPenaltyAvoidsWhatThePromptAndTheAnswerHaveSaid() throws {
    let language = try TinyLanguage.make()
    let first = try Transcript(.init(prompt: prompt, maximumTokens: 1), on: language).ids[0]
    let sampling = try SamplingOptions(temperature: 0, repetitionPenalty: 100)
    let request = GenerationRequest(prompt: [first] + prompt, maximumTokens: 4, sampling: sampling)
    let ids = try Transcript(request, on: language).ids
    #expect(Set(ids + [first]).count == 5)
  }
}
