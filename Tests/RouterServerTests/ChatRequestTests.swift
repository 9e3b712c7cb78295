import RouterDecoding
import RouterExit
import RouterServer
import Testing

struct ChatRequestTests {
  @Test func silentFieldsTakeTheServersDefaults() async throws {
    let call = try await chatCall(#"{"model": "tiny", "messages": [{"role": "user", "content": "Hi"}]}"#)
    let request = try #require(call.requests.first)
    #expect(call.requests.count == 1)
    #expect(request.prompt == Array("user:Hi".utf8).map(Int32.init))
    // 256 positions, 7 of them the prompt's; the default length of 1024 does not fit.
    #expect(request.maximumTokens == 249)
    #expect(request.sampling.temperature == 1)
    #expect(request.sampling.seed == nil)
    #expect(request.decoding.mode == .full)
    #expect(request.decoding.policy == nil)
    #expect(request.topLogprobs == nil)
    #expect(call.settings.delivery == .whole)
    #expect(call.id.hasPrefix("chatcmpl-"))
  }

  @Test func everyParameterReachesTheEngine() async throws {
    let call = try await chatCall(
      """
      {"model": "tiny", "messages": [{"role": "user", "content": "Hi"}], "max_completion_tokens": 5,
       "max_tokens": 9, "temperature": 0.25, "top_p": 0.5, "top_k": 40, "min_p": 0.125,
       "repetition_penalty": 1.5, "seed": -1, "n": 2, "stop": ["a", "b"], "logprobs": true,
       "top_logprobs": 3, "stream": true, "stream_options": {"include_usage": true}, "user": "me",
       "presence_penalty": 0, "frequency_penalty": 0.0, "logit_bias": {}, "tools": [],
       "response_format": {"type": "text"}, "router": {"policy": "entropy", "max_exit": 21, "mode": "exit"}}
      """)
    let request = try #require(call.requests.last)
    #expect(call.requests.count == 2)
    #expect(request.maximumTokens == 5)
    #expect(request.sampling.temperature == 0.25)
    #expect(request.sampling.topP == 0.5)
    #expect(request.sampling.topK == 40)
    #expect(request.sampling.minP == 0.125)
    #expect(request.sampling.repetitionPenalty == 1.5)
    #expect(call.requests.map(\.sampling.seed) == [UInt64.max, 0])
    #expect(request.stopStrings == ["a", "b"])
    #expect(request.topLogprobs == 3)
    #expect(request.decoding.mode == .exit)
    #expect(request.decoding.policy?.name == "entropy")
    #expect(request.maximumExit == 21)
    #expect(call.settings.delivery == .stream(includesUsage: true))
  }

  /// Requests share what they have in common unless they say otherwise, and with whom.
  @Test func promptsAreSharedWithinAScope() async throws {
    func scope(_ fields: String) async throws -> String? {
      try await chatCall(Self.with(fields)).requests.first?.prefixScope
    }
    #expect(try await scope(#""n": 1"#) == "")
    #expect(try await scope(#""cache_prompt": true, "cache_salt": "me""#) == "me")
    #expect(try await scope(#""cache_prompt": false, "cache_salt": "me""#) == nil)
  }

  @Test func developersSpeakAsTheSystemAndPartsAreJoined() async throws {
    let call = try await chatCall(
      """
      {"messages": [{"role": "developer", "content": "Be brief."},
       {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]}
      """)
    #expect(call.requests.first?.prompt == Array("system:Be brief.user:a\nb".utf8).map(Int32.init))
  }

  @Test func aModelAliasIsAccepted() async throws {
    var configuration = ServerConfiguration()
    configuration.modelAliases = ["gpt-4o-mini"]
    let call = try await chatCall(
      #"{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}"#,
      configuration: configuration)
    #expect(call.card.name == "tiny")
  }

  @Test func theDefaultTemperatureIsConfigurable() async throws {
    var configuration = ServerConfiguration()
    configuration.defaultTemperature = 0
    let body = #"{"messages": [{"role": "user", "content": "Hi"}]}"#
    #expect(try await chatCall(body, configuration: configuration).requests[0].sampling.temperature == 0)
  }

  /// Bodies, the field that the refusal names, and its code.
  static let refused: [(String, String?, String)] = [
    (#"{"messages": []}"#, "messages", "invalid_value"),
    (#"{}"#, "messages", "missing_required_parameter"),
    (#"{"messages": "Hi"}"#, "messages", "invalid_type"),
    (#"{"messages": [7]}"#, "messages[0]", "invalid_type"),
    (#"{"messages": [{"content": "Hi"}]}"#, "messages[0].role", "missing_required_parameter"),
    (#"{"messages": [{"role": "user"}]}"#, "messages[0].content", "missing_required_parameter"),
    (
      #"{"messages": [{"role": "user", "content": null}]}"#, "messages[0].content",
      "missing_required_parameter"
    ),
    (#"{"messages": [{"role": "user", "content": 3}]}"#, "messages[0].content", "invalid_type"),
    (#"{"messages": [{"role": "user", "content": [3]}]}"#, "messages[0].content[0]", "invalid_type"),
    (
      #"{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}"#,
      "messages[0].content[0].type", "unsupported_parameter"
    ),
    (#"{"messages": [{"role": "king", "content": "Hi"}]}"#, "messages[0].role", "invalid_value"),
    (#"{"messages": [{"role": "tool", "content": "Hi"}]}"#, "messages[0].role", "unsupported_parameter"),
    // The scripted template refuses it, as those of Llama 2 and others do.
    (#"{"messages": [{"role": "assistant", "content": "Hi"}]}"#, "messages", "invalid_value"),
    (with(#""model": 5"#), "model", "invalid_type"),
    (with(#""max_tokens": "5""#), "max_tokens", "invalid_type"),
    (with(#""max_tokens": true"#), "max_tokens", "invalid_type"),
    (with(#""max_tokens": 1.5"#), "max_tokens", "invalid_value"),
    (with(#""max_tokens": 0"#), "max_tokens", "invalid_value"),
    (with(#""max_completion_tokens": -4"#), "max_completion_tokens", "invalid_value"),
    (with(#""max_tokens": 1e30"#), "max_tokens", "invalid_value"),
    (with(#""max_tokens": 99999999999999999999999999"#), "max_tokens", "invalid_value"),
    (with(#""seed": 99999999999999999999999999"#), "seed", "invalid_value"),
    (with(#""max_tokens": 250"#), "messages", "context_length_exceeded"),
    (with(#""max_tokens": 9223372036854775807"#), "messages", "context_length_exceeded"),
    (with(#""temperature": 2.5"#), "temperature", "invalid_value"),
    (with(#""temperature": -0.1"#), "temperature", "invalid_value"),
    (with(#""temperature": "hot""#), "temperature", "invalid_type"),
    (with(#""temperature": 1e999"#), "temperature", "invalid_value"),
    (with(#""temperature": NaN"#), nil, "invalid_json"),
    (with(#""top_p": 0"#), "top_p", "invalid_value"),
    (with(#""top_p": 1.1"#), "top_p", "invalid_value"),
    (with(#""top_k": -2"#), "top_k", "invalid_value"),
    (with(#""min_p": 2"#), "min_p", "invalid_value"),
    (with(#""repetition_penalty": 0"#), "repetition_penalty", "invalid_value"),
    (with(#""presence_penalty": 0.5"#), "presence_penalty", "unsupported_parameter"),
    (with(#""frequency_penalty": -0.5"#), "frequency_penalty", "unsupported_parameter"),
    (with(#""n": 0"#), "n", "invalid_value"),
    (with(#""n": 33"#), "n", "invalid_value"),
    (with(#""stop": 5"#), "stop", "invalid_type"),
    (with(#""stop": ["a", 5]"#), "stop", "invalid_type"),
    (with(#""stop": """#), "stop", "invalid_value"),
    (
      with(#""stop": ["1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16","17"]"#), "stop",
      "invalid_value"
    ),
    (with(#""logprobs": 5"#), "logprobs", "invalid_type"),
    (with(#""logprobs": true, "top_logprobs": 21"#), "top_logprobs", "invalid_value"),
    (with(#""logprobs": true, "top_logprobs": -1"#), "top_logprobs", "invalid_value"),
    (with(#""top_logprobs": 2"#), "top_logprobs", "invalid_value"),
    (with(#""stream": "yes""#), "stream", "invalid_type"),
    (with(#""stream_options": {"include_usage": true}"#), "stream_options", "invalid_value"),
    (
      with(#""stream": true, "stream_options": {"include_usage": 1}"#), "stream_options.include_usage",
      "invalid_type"
    ),
    (with(#""cache_prompt": 1"#), "cache_prompt", "invalid_type"),
    (with(#""cache_salt": """#), "cache_salt", "invalid_value"),
    (with(#""tools": [{"type": "function"}]"#), "tools", "unsupported_parameter"),
    (with(#""functions": [{}]"#), "functions", "unsupported_parameter"),
    (with(#""logit_bias": {"50256": -100}"#), "logit_bias", "unsupported_parameter"),
    (with(#""response_format": {"type": "json_object"}"#), "response_format", "unsupported_parameter"),
    (with(#""modalities": ["text", "audio"]"#), "modalities", "unsupported_parameter"),
    (with(#""audio": {}"#), "audio", "unsupported_parameter"),
    (with(#""router": 5"#), "router", "invalid_type"),
    (with(#""router": {"max_exit": "21"}"#), "router.max_exit", "invalid_type"),
    (with(#""router": {"max_exit": 20}"#), "router.max_exit", "invalid_value"),
    (with(#""router": {"policy": "brave"}"#), "router.policy", "policy_not_found"),
    (with(#""router": {"mode": "deep"}"#), "router.mode", "invalid_value"),
    (with(#""router": {"mode": "exit"}"#), "router.policy", "invalid_value"),
    (with(#""router": {"mode": "full", "policy": "entropy"}"#), "router.policy", "invalid_value"),
    (with(#""router": {"maxexit": 21}"#), "router.maxexit", "unknown_parameter"),
    ("", nil, "invalid_json"),
    ("{", nil, "invalid_json"),
    ("[]", nil, "invalid_type"),
    ("null", nil, "invalid_type"),
    (#"{"messages": [{"role": "user", "content": "Hi"}]} extra"#, nil, "invalid_json"),
  ]

  @Test(arguments: refused)
  func badBodiesAreRefusedNamingTheField(body: String, parameter: String?, code: String) async throws {
    let error = try #require(await refusal(of: body))
    #expect(error.status == 400)
    #expect(error.kind == .invalidRequest)
    #expect(error.parameter == parameter)
    #expect(error.code == code)
  }

  @Test func deepNestingIsRefused() async throws {
    let open = String(repeating: "[", count: 100_000)
    let close = String(repeating: "]", count: 100_000)
    for body in [open, open + close, #"{"messages": \#(open)\#(close)}"#, #"{"x": \#(open)\#(close)}"#] {
      let error = try #require(await refusal(of: body))
      #expect(error.code == "invalid_json")
    }
  }

  @Test func anUnknownModelIs404() async throws {
    let error = try #require(await refusal(of: Self.with(#""model": "gpt-4""#)))
    #expect(error.status == 404)
    #expect(error.parameter == "model")
    #expect(error.code == "model_not_found")
    #expect(error.message.contains("'tiny'"))
  }

  @Test func theListOfPoliciesComesWithAnUnknownOne() async throws {
    let error = try #require(await refusal(of: Self.with(#""router": {"policy": "brave"}"#)))
    #expect(error.message.contains("entropy, margin"))
  }

  @Test func aPromptThatFillsTheContextIsRefused() async throws {
    // "user:" and 251 letters are all of the 256 positions.
    let content = String(repeating: "x", count: 251)
    let error = try #require(
      await refusal(of: #"{"messages": [{"role": "user", "content": "\#(content)"}]}"#))
    #expect(error.code == "context_length_exceeded")
  }

  @Test func aModelWithoutATemplateTakesNoMessages() async throws {
    let card = ModelCard(
      name: "plain", fingerprint: "", created: 0, layerCount: 2,
      limits: GenerationLimits(contextLength: 64, exits: [1, 2]),
      vocabularySize: 256, hasChatTemplate: false)
    let error = try #require(await refusal(of: Self.with(#""n": 1"#), backend: ScriptedBackend(card: card)))
    #expect(error.message.contains("/v1/completions"))
  }

  @Test func invalidUTF8IsRefused() throws {
    let bytes = Array(#"{"messages": [{"role": "user", "content": ""#.utf8) + [0xFF] + Array(#""}]}"#.utf8)
    let error = #expect(throws: APIError.self) {
      _ = try JSONBody.decode(ChatCompletionBody.self, from: bytes)
    }
    #expect(error?.code == "invalid_json")
    #expect(error?.message.contains("UTF-8") == true)
  }

  @Test func theDefaultPolicyAppliesUnlessFullDepthIsAskedFor() async throws {
    let backend = ScriptedBackend(policies: .make(default: "margin"))
    let plain = try await chatCall(Self.with(#""n": 1"#), backend: backend)
    #expect(plain.requests[0].decoding.mode == .exit)
    #expect(plain.requests[0].decoding.policy?.name == "margin")
    let other = try await chatCall(Self.with(#""router": {"policy": "entropy"}"#), backend: backend)
    #expect(other.requests[0].decoding.policy?.name == "entropy")
    let full = try await chatCall(Self.with(#""router": {"mode": "full", "max_exit": 15}"#), backend: backend)
    #expect(full.requests[0].decoding.mode == .full)
    #expect(full.requests[0].decoding.policy == nil)
    #expect(full.requests[0].maximumExit == 15)
  }

  @Test func verifyingNeedsNoPolicyAndTakesOne() async throws {
    let plain = try await chatCall(Self.with(#""router": {"mode": "verify"}"#))
    #expect(plain.requests[0].decoding.mode == .verify && plain.requests[0].decoding.policy == nil)
    let named = try await chatCall(Self.with(#""router": {"mode": "verify", "policy": "margin"}"#))
    #expect(named.requests[0].decoding.mode == .verify && named.requests[0].decoding.policy?.name == "margin")
  }

  @Test func theServersModeIsForRequestsThatNameNeitherModeNorPolicy() async throws {
    let backend = ScriptedBackend(policies: .make(default: "margin", mode: .verify))
    let plain = try await chatCall(Self.with(#""n": 1"#), backend: backend)
    #expect(plain.requests[0].decoding.mode == .verify && plain.requests[0].decoding.policy?.name == "margin")
    let named = try await chatCall(Self.with(#""router": {"policy": "entropy"}"#), backend: backend)
    #expect(named.requests[0].decoding.mode == .exit && named.requests[0].decoding.policy?.name == "entropy")
    let full = try await chatCall(Self.with(#""router": {"mode": "full"}"#), backend: backend)
    #expect(full.requests[0].decoding.mode == .full && full.requests[0].decoding.policy == nil)
  }

  /// A policy with two certified points, or none.
  private func pathCatalog(guaranteed: Bool = true, mode: ServedMode? = nil) throws -> PolicyCatalog {
    let digest = String(repeating: "ab", count: 32)
    let path = try [[Float(0.95), 0.95], [0.9, 0.9]].map {
      try CertifiedPoint(exits: [9, 15], thresholds: $0, meanDepth: 25, empiricalRisk: 0.01, bound: 0.02)
    }
    let file = try PolicyFile(
      rule: .threshold(
        ThresholdPolicy(name: "a", estimator: .margin, exits: [9, 15], thresholds: [0.9, 0.9])),
      decoder: PolicyDecoder(keyValues: .exact), guarantee: guaranteed ? .promise(risk: 0.1) : nil,
      path: guaranteed ? path : [], provenance: PolicyProvenance(modelSHA256: digest, dataSHA256: digest))
    let model = ModelIdentity(name: "tiny", fingerprint: digest, layerCount: 30, exits: [9, 15, 21, 30])
    return try PolicyCatalog(["a": ServedPolicy(try ExitPlan(file, for: model))], default: "a", mode: mode)
  }

  /// Load chooses among full depth, verified drafts and the certified points; what it chose is what decodes.
  @Test(arguments: 0..<4)
  func loadChoosesAmongWhatIsCertified(choice: Int) async throws {
    let backend = ScriptedBackend(policies: try pathCatalog(mode: .auto), choice: choice)
    let call = try await chatCall(Self.with(#""temperature": 0"#), backend: backend)
    let names = backend.choices[0].map(\.name)
    #expect(names == ["full", "verify", "exit a point 1", "exit a point 2"])
    #expect(call.requests[0].decoding.name == names[choice])
    #expect(
      call.settings.decoding.isAutomatic && call.settings.decoding.policy?.name == (choice < 2 ? nil : "a"))
  }

  /// Where the guarantee says nothing, no point is offered: drawn tokens, fewer layers, no guarantee.
  @Test func loadIsOfferedNothingThatIsNotCertified() async throws {
    for (body, guaranteed) in [
      (#""temperature": 0.7, "router": {"mode": "auto"}"#, true),
      (#""temperature": 0, "router": {"mode": "auto", "max_exit": 21}"#, true),
      (#""temperature": 0, "router": {"mode": "auto"}"#, false),
    ] {
      let backend = ScriptedBackend(policies: try pathCatalog(guaranteed: guaranteed), choice: 9)
      let call = try await chatCall(Self.with(body), backend: backend)
      #expect(backend.choices[0].map(\.name) == ["full", "verify"], "\(body)")
      #expect(call.requests[0].decoding.mode == .verify && call.settings.decoding.policy == nil)
    }
    let suspended = ScriptedBackend(
      policies: try pathCatalog(mode: .auto).fallingBack(["a": .verify]), choice: 9)
    let call = try await chatCall(Self.with(#""temperature": 0"#), backend: suspended)
    #expect(call.requests[0].decoding.mode == .verify && call.settings.decoding.suspended == "a")
  }

  @Test func keysAndValuesAreThoseOfTheCalibration() async throws {
    func backend(guaranteed: Bool, allowsMismatch: Bool) throws -> ScriptedBackend {
      let digest = String(repeating: "ab", count: 32)
      let file = try PolicyFile(
        rule: .threshold(
          ThresholdPolicy(name: "a", estimator: .margin, exits: [9, 15], thresholds: [0.9, 0.9])),
        decoder: PolicyDecoder(keyValues: .exact), guarantee: guaranteed ? .promise(risk: 0.1) : nil,
        provenance: PolicyProvenance(modelSHA256: digest, dataSHA256: digest))
      let model = ModelIdentity(name: "tiny", fingerprint: digest, layerCount: 30, exits: [9, 15, 21, 30])
      let served = ServedPolicy(
        try ExitPlan(file, for: model, mismatch: allowsMismatch ? .accepted : .refused))
      return ScriptedBackend(policies: try PolicyCatalog(["a": served]))
    }
    let strict = try backend(guaranteed: true, allowsMismatch: false)
    let usual = try await chatCall(Self.with(#""router": {"policy": "a"}"#), backend: strict)
    #expect(usual.requests[0].decoding.plan?.keyValues == .exact)
    let same = try await chatCall(Self.with(#""router": {"policy": "a", "kv": "exact"}"#), backend: strict)
    #expect(same.requests[0].decoding.plan?.keyValues == .exact)
    let other = Self.with(#""router": {"policy": "a", "kv": "propagate"}"#)
    let error = try #require(await refusal(of: other, backend: strict))
    #expect(error.code == "policy_mismatch" && error.parameter == "router.kv")
    for lenient in [
      try backend(guaranteed: true, allowsMismatch: true),
      try backend(guaranteed: false, allowsMismatch: false),
    ] {
      #expect(try await chatCall(other, backend: lenient).requests[0].decoding.plan?.keyValues == .propagate)
    }
  }

  @Test(arguments: ["full", "verify"])
  func keysAndValuesAreForTokensThatLeave(mode: String) async throws {
    let body = Self.with(#""router": {"mode": "\#(mode)", "kv": "exact"}"#)
    #expect(try await refusal(of: body)?.parameter == "router.kv")
  }

  @Test func aModeThatNeedsAPolicyNeedsADefaultOne() {
    let error = #expect(throws: ServerError.self) { _ = try PolicyCatalog(mode: .exit) }
    #expect(error?.code == .unknownPolicy)
  }

  @Test func aDefaultPolicyHasToExist() {
    let error = #expect(throws: ServerError.self) {
      _ = try PolicyCatalog([:], default: "entropy")
    }
    #expect(error?.code == .unknownPolicy)
  }

  /// A body with one message and that field.
  static func with(_ field: String) -> String {
    #"{"messages": [{"role": "user", "content": "Hi"}], \#(field)}"#
  }
}

/// Parses and checks a chat body.
func chatCall(
  _ body: String, backend: ScriptedBackend = ScriptedBackend(),
  configuration: ServerConfiguration = ServerConfiguration()
) async throws -> CompletionCall {
  let body = try JSONBody.decode(ChatCompletionBody.self, from: body.utf8)
  return try await .chat(
    body, id: "1", created: 1_700_000_001, backend: backend, configuration: configuration)
}

/// Why a chat body is refused; `nil` if it is not.
func refusal(of body: String, backend: ScriptedBackend = ScriptedBackend()) async throws -> APIError? {
  do {
    _ = try await chatCall(body, backend: backend)
    return nil
  } catch let error as APIError {
    return error
  }
}
