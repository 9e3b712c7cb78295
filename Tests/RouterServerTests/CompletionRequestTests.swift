import RouterDecoding
import RouterServer
import Testing

struct CompletionRequestTests {
  @Test(arguments: [
    (#""ab""#, [[97, 98]]),
    (#"["ab", "c"]"#, [[97, 98], [99]]),
    ("[1, 2, 3]", [[1, 2, 3]]),
    ("[[1, 2], [3]]", [[1, 2], [3]]),
  ])
  func promptsComeInFourForms(prompt: String, tokens: [[Int32]]) async throws {
    let call = try await textCall(#"{"prompt": \#(prompt)}"#)
    #expect(call.requests.map(\.prompt) == tokens)
    #expect(call.promptTokenCount == tokens.reduce(0) { $0 + $1.count })
    #expect(call.id.hasPrefix("cmpl-"))
  }

  @Test func choicesOfAPromptStandTogether() async throws {
    let call = try await textCall(#"{"prompt": ["a", "b"], "n": 2, "seed": 10, "echo": true}"#)
    #expect(call.requests.map(\.prompt) == [[97], [97], [98], [98]])
    #expect(call.requests.map(\.sampling.seed) == [10, 11, 10, 11])
    #expect(call.form == .text(echoes: ["a", "a", "b", "b"]))
    // Each prompt counts once, whatever n is.
    #expect(call.promptTokenCount == 2)
  }

  @Test func echoOfTokensIsTheirText() async throws {
    let call = try await textCall(#"{"prompt": [104, 105], "echo": true}"#)
    #expect(call.form == .text(echoes: ["hi"]))
  }

  @Test func logprobsIsANumberHere() async throws {
    #expect(try await textCall(#"{"prompt": "a", "logprobs": 2}"#).requests[0].topLogprobs == 2)
    #expect(try await textCall(#"{"prompt": "a", "logprobs": 0}"#).requests[0].topLogprobs == 0)
    #expect(try await textCall(#"{"prompt": "a", "best_of": 1}"#).requests[0].topLogprobs == nil)
  }

  @Test(arguments: [
    (#"{}"#, "prompt", "missing_required_parameter"),
    (#"{"prompt": 5}"#, "prompt", "invalid_type"),
    (#"{"prompt": ["a", 5]}"#, "prompt", "invalid_type"),
    (#"{"prompt": [1.5]}"#, "prompt", "invalid_type"),
    (#"{"prompt": [99999999999]}"#, "prompt", "invalid_type"),
    (#"{"prompt": []}"#, "prompt", "invalid_value"),
    (#"{"prompt": ""}"#, "prompt", "invalid_value"),
    (#"{"prompt": [[1], []]}"#, "prompt", "invalid_value"),
    (#"{"prompt": [1000]}"#, "prompt", "invalid_value"),
    (#"{"prompt": [-1]}"#, "prompt", "invalid_value"),
    (#"{"prompt": ["a", "b"], "n": 17}"#, "prompt", "invalid_value"),
    (#"{"prompt": "a", "logprobs": true}"#, "logprobs", "invalid_type"),
    (#"{"prompt": "a", "logprobs": 21}"#, "logprobs", "invalid_value"),
    (#"{"prompt": "a", "best_of": 2}"#, "best_of", "unsupported_parameter"),
    (#"{"prompt": "a", "suffix": "b"}"#, "suffix", "unsupported_parameter"),
    (#"{"prompt": "a", "echo": true, "logprobs": 1}"#, "echo", "unsupported_parameter"),
    (#"{"prompt": "a", "max_tokens": 256}"#, "prompt", "context_length_exceeded"),
  ])
  func badBodiesAreRefusedNamingTheField(body: String, parameter: String, code: String) async throws {
    let error = await #expect(throws: APIError.self) { _ = try await textCall(body) }
    #expect(error?.status == 400)
    #expect(error?.parameter == parameter)
    #expect(error?.code == code)
  }
}

/// Parses and checks a plain completion body.
func textCall(_ body: String, backend: ScriptedBackend = ScriptedBackend()) async throws -> CompletionCall {
  let body = try JSONBody.decode(CompletionBody.self, from: body.utf8)
  return try await .text(
    body, id: "1", created: 1_700_000_001, backend: backend, configuration: ServerConfiguration())
}
