import Foundation
import RouterDecoding
import RouterServer
import Testing

struct RendererTests {
  @Test func aChatAnswerHasTextExitsAndUsage() async throws {
    let call = try await chatCall(ChatRequestTests.with(#""router": {"policy": "entropy"}"#))
    var renderer = CompletionRenderer(call)
    let json = try render(
      renderer.whole([try progress(.words("Hello big world") + [.finished(.end(.length))])]))

    #expect(json["id"].string == "chatcmpl-1")
    #expect(json["object"].string == "chat.completion")
    #expect(json["created"].int == 1_700_000_001)
    #expect(json["model"].string == "tiny")
    #expect(json["system_fingerprint"].string == "fp-test")
    let choice = json["choices"][0]
    #expect(choice["index"].int == 0)
    #expect(choice["message"]["role"].string == "assistant")
    #expect(choice["message"]["content"].string == "Hello big world")
    #expect(choice["finish_reason"].string == "length")
    #expect(choice["logprobs"].isNull)
    #expect(choice["router"]["exits"].ints == [9, 21, 30])
    #expect(choice["router"]["confidences"][0].double == 0.75)
    #expect(choice["router"]["confidences"][2].isNull)
    #expect(choice["router"]["mean_depth"].double == 20)
    #expect(choice["router"]["layers"].int == 30)
    #expect(choice["router"]["policy"].string == "entropy")
    #expect(choice["router"]["mode"].string == "exit")
    #expect(json["usage"]["prompt_tokens"].int == 7)
    #expect(json["usage"]["completion_tokens"].int == 3)
    #expect(json["usage"]["total_tokens"].int == 10)
    #expect(json["usage"]["prompt_tokens_details"]["cached_tokens"].int == 0)
    #expect(json["usage"]["mean_depth"].double == 20)
  }

  /// The first choice of a prompt says what was there; the others begin with what it has read.
  @Test func cachedTokensAreCountedOnce() async throws {
    let call = try await chatCall(ChatRequestTests.with(#""n": 2"#))
    var renderer = CompletionRenderer(call)
    let choices = try [4, 6].map { try progress(.words("a") + [.finished(.end(prompt: 7, cached: $0))]) }
    let json = try render(renderer.whole(choices))
    #expect(json["usage"]["prompt_tokens_details"]["cached_tokens"].int == 4)
  }

  @Test func theMeanDepthOfTheUsageWeighsChoicesByTheirTokens() async throws {
    let call = try await chatCall(ChatRequestTests.with(#""n": 2"#))
    var renderer = CompletionRenderer(call)
    let long = try progress([.token(.word("a", depth: 30)), .token(.word("b", depth: 30)), .finished(.end())])
    let short = try progress([.token(.word("c", depth: 9)), .finished(.end())])
    let json = try render(renderer.whole([long, short]))
    #expect(json["choices"][0]["router"]["mean_depth"].double == 30)
    #expect(json["choices"][1]["router"]["mean_depth"].double == 9)
    #expect(json["usage"]["mean_depth"].double == 23)
    #expect(json["choices"][1]["router"]["policy"].isNull)
    #expect(json["choices"][1]["router"]["mode"].string == "full")
  }

  @Test func anEmptyAnswerHasNoMeanDepth() async throws {
    let call = try await chatCall(ChatRequestTests.with(#""n": 1"#))
    var renderer = CompletionRenderer(call)
    let json = try render(renderer.whole([try progress([.finished(.end())])]))
    #expect(json["choices"][0]["message"]["content"].string == "")
    #expect(json["choices"][0]["router"]["mean_depth"].isNull)
    #expect(json["usage"]["mean_depth"].isNull)
  }

  @Test func chatLogprobsGiveBytesAndStayFinite() async throws {
    let call = try await chatCall(ChatRequestTests.with(#""logprobs": true, "top_logprobs": 2"#))
    var renderer = CompletionRenderer(call)
    // The first two bytes of a four-byte emoji, then the rest.
    let choice = try progress([
      .token(.word("Hi")), .token(.part([0xF0, 0x9F], releases: "")),
      .token(.part([0x98, 0x80], releases: "😀")), .finished(.end()),
    ])
    let content = try render(renderer.whole([choice]))["choices"][0]["logprobs"]["content"]
    #expect(content.array.count == 3)
    #expect(content[0]["token"].string == "Hi")
    #expect(content[0]["logprob"].double == -0.5)
    #expect(content[0]["bytes"].ints == [72, 105])
    #expect(content[0]["top_logprobs"][1]["token"].string == "other")
    #expect(content[0]["top_logprobs"][1]["logprob"].double == -9999)
    #expect(content[1]["bytes"].ints == [0xF0, 0x9F])
  }

  @Test func textLogprobsPointIntoTheText() async throws {
    let call = try await textCall(#"{"prompt": "a", "logprobs": 2}"#)
    var renderer = CompletionRenderer(call)
    let choice = try progress([
      .token(.word("né")), .token(.word(" 😀")), .token(.word("!")), .finished(.end()),
    ])
    let json = try render(renderer.whole([choice]))
    let logprobs = json["choices"][0]["logprobs"]
    #expect(json["object"].string == "text_completion")
    #expect(json["choices"][0]["text"].string == "né 😀!")
    #expect(logprobs["tokens"].strings == ["né", " 😀", "!"])
    #expect(logprobs["token_logprobs"][2].double == -0.5)
    #expect(logprobs["top_logprobs"][0]["other"].double == -9999)
    #expect(logprobs["text_offset"].ints == [0, 2, 4])
  }

  @Test func anEchoPrecedesTheAnswer() async throws {
    let call = try await textCall(#"{"prompt": "Once", "echo": true}"#)
    var renderer = CompletionRenderer(call)
    let json = try render(renderer.whole([try progress(.words(" upon") + [.finished(.end())])]))
    #expect(json["choices"][0]["text"].string == "Once upon")
  }

  @Test func chunksJoinedAreTheWholeAnswer() async throws {
    let call = try await chatCall(
      ChatRequestTests.with(#""stream": true, "stream_options": {"include_usage": true}, "logprobs": true"#))
    let script: [GenerationEvent] = [
      .token(.word("Hi", depth: 9)), .token(.part([0xF0, 0x9F], releases: "", depth: 21)),
      .token(.part([0x98, 0x80], releases: "😀", depth: 30)), .token(.part([0x21], releases: "", depth: 15)),
      .finished(.end(trailing: "!")),
    ]
    let chunks = try stream(script, call)

    #expect(chunks.first?["choices"][0]["delta"]["role"].string == "assistant")
    let text = chunks.compactMap { $0["choices"][0]["delta"]["content"].string }.joined()
    #expect(text == "Hi😀!")
    let exits = chunks.flatMap { $0["choices"][0]["router"]["exits"].ints ?? [] }
    #expect(exits == [9, 21, 30, 15])
    let tokens = chunks.flatMap { $0["choices"][0]["logprobs"]["content"].array }
    #expect(tokens.count == 4)
    // Half a character has no chunk of its own.
    #expect(chunks.map { $0["choices"][0]["router"]["exits"].ints ?? [] } == [[], [9], [21, 30], [15], []])
    #expect(chunks.map { $0["choices"][0]["finish_reason"].string } == [nil, nil, nil, "stop", nil])
    #expect(chunks[3]["choices"][0]["router"]["mean_depth"].double == 18.75)
    #expect(chunks[2]["choices"][0]["router"]["mean_depth"].isAbsent)
    #expect(chunks[2]["usage"].isNull)
    #expect(chunks[4]["choices"].array.isEmpty)
    #expect(chunks[4]["usage"]["completion_tokens"].int == 4)
    #expect(chunks[4]["usage"]["mean_depth"].double == 18.75)
    #expect(Set(chunks.map { $0["id"].string }) == ["chatcmpl-1"])
    #expect(Set(chunks.map { $0["object"].string }) == ["chat.completion.chunk"])
  }

  @Test func usageStaysAwayUnlessAskedFor() async throws {
    let call = try await chatCall(ChatRequestTests.with(#""stream": true"#))
    let chunks = try stream(.words("Hi") + [.finished(.end())], call)
    #expect(chunks.count == 3)
    #expect(chunks.allSatisfy { $0["usage"].isAbsent })
  }

  @Test func offsetsOfStreamedTokensGoOn() async throws {
    let call = try await textCall(#"{"prompt": "a", "logprobs": 0, "stream": true}"#)
    let chunks = try stream(.words("né world") + [.finished(.end())], call)
    #expect(chunks.flatMap { $0["choices"][0]["logprobs"]["text_offset"].ints ?? [] } == [0, 2])
  }

  private func progress(_ events: [GenerationEvent]) throws -> ChoiceProgress {
    var progress = ChoiceProgress()
    for event in events { try progress.take(event) }
    return progress
  }

  /// What a stream of those events sends, by the steps that ``CompletionResponder`` takes.
  private func stream(_ events: [GenerationEvent], _ call: CompletionCall) throws -> [JSON] {
    var renderer = CompletionRenderer(call)
    var progress = ChoiceProgress()
    var chunks: [JSON] = []
    if let opening = renderer.opening(of: 0) { chunks.append(try render(opening)) }
    for event in events {
      try progress.take(event)
      if progress.isFinished {
        let last = progress.takeAll()
        chunks.append(try render(renderer.end(last, of: 0, progress: progress)))
      } else if let delta = progress.takeReleased() {
        chunks.append(try render(renderer.chunk(delta, of: 0)))
      }
    }
    if let usage = renderer.usageChunk([progress]) { chunks.append(try render(usage)) }
    return chunks
  }

  private func render(_ object: any Encodable) throws -> JSON {
    try JSON(String(decoding: try JSONCoding.makeEncoder().encode(object), as: UTF8.self))
  }
}
