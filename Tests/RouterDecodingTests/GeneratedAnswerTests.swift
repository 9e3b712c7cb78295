import RouterDecoding
import RouterTestSupport
import Testing

/// Events of a generation, gathered.
struct GeneratedAnswerTests {
  private func token(_ id: Int32, _ text: String, depth: Int, confidence: Float? = nil) -> GeneratedToken {
    GeneratedToken(
      id: id, text: text, bytes: Array(text.utf8), depth: depth, confidence: confidence, logprob: nil,
      topLogprobs: [])
  }

  private func summary(trailing: String = "", endOfText: GeneratedToken? = nil) -> GenerationSummary {
    GenerationSummary(
      finishReason: .stop, promptTokenCount: 1, completionTokenCount: 2, meanDepth: 3, depthCounts: [:],
      trailingText: trailing, endOfText: endOfText, prefillSeconds: 0, decodeSeconds: 0.5, seed: 1)
  }

  @Test func nothingIsThereAtFirst() {
    let answer = GeneratedAnswer()
    #expect(answer.ids.isEmpty && answer.idsWithEnd.isEmpty && answer.text.isEmpty)
    #expect(answer.meanDepth == nil && answer.summary == nil)
  }

  @Test func tokensAreKeptInOrder() {
    var answer = GeneratedAnswer()
    answer.append(.token(token(5, "a", depth: 2, confidence: 0.5)))
    answer.append(.token(token(6, "", depth: 4)))
    #expect(answer.ids == [5, 6] && answer.depths == [2, 4] && answer.confidences == [0.5, nil])
    #expect(answer.text == "a" && answer.depthSum == 6 && answer.meanDepth == 3)
    #expect(answer.summary == nil && answer.idsWithEnd == [5, 6])
  }

  @Test func theEndReleasesHeldBackText() {
    var answer = GeneratedAnswer()
    answer.append(.token(token(5, "a", depth: 2)))
    answer.append(.finished(summary(trailing: "bc")))
    #expect(answer.text == "abc" && answer.summary?.trailingText == "bc")
    #expect(answer.idsWithEnd == [5] && answer.depthsWithEnd == [2])
  }

  /// Losses compare answers with their end; people are told of the tokens before it.
  @Test func theEndOfTextTokenIsApart() {
    var answer = GeneratedAnswer()
    answer.append(.token(token(5, "a", depth: 2)))
    answer.append(.finished(summary(endOfText: token(9, "", depth: 4))))
    #expect(answer.ids == [5] && answer.depths == [2] && answer.meanDepth == 2)
    #expect(answer.idsWithEnd == [5, 9] && answer.depthsWithEnd == [2, 4])
    #expect(answer.text == "a")
  }

  @Test func aGenerationToldToItsEndIsWhole() throws {
    let model = try TinyLanguage.make()
    let request = GenerationRequest(prompt: [104, 105], maximumTokens: 9)
    let generation = try Generation(request, on: model)
    var answer = GeneratedAnswer()
    while !generation.isFinished {
      for event in try generation.advance() { answer.append(event) }
    }
    let transcript = try Transcript(request, on: model)
    #expect(answer.ids == transcript.ids && answer.depths == transcript.depths)
    #expect(answer.text == transcript.text)
    #expect(answer.summary?.completionTokenCount == answer.ids.count)
  }
}
