import RouterDecoding
import RouterExit
import RouterModel
import RouterTensor
import RouterTestSupport
import Testing

/// Requests that do not fit: refused before anything runs, with the field that is to blame.
struct GenerationRequestTests {
  private func error(_ request: GenerationRequest, _ language: LanguageModel) -> GenerationError? {
    do throws(GenerationError) {
      _ = try Generation(request, on: language)
      return nil
    } catch {
      return error
    }
  }

  @Test func aValueOutOfRangeIsNamed() throws {
    let language = try TinyLanguage.make(contextLength: 64)
    let good = GenerationRequest(prompt: [1, 2], maximumTokens: 8)
    #expect(error(good, language) == nil)
    let cases: [(code: GenerationError.Code, parameter: String, change: (inout GenerationRequest) -> Void)] =
      [
        (.invalidRequest, "prompt", { $0.prompt = [] }),
        (.invalidRequest, "max_tokens", { $0.maximumTokens = 0 }),
        (.invalidRequest, "max_tokens", { $0.maximumTokens = -5 }),
        (.contextOverflow, "messages", { $0.maximumTokens = 63 }),
        (.contextOverflow, "messages", { $0.maximumTokens = .max }),
        (.contextOverflow, "messages", { $0.prompt = .init(repeating: 1, count: 64) }),
        (.contextOverflow, "messages", { $0.prompt = .init(repeating: 1, count: 1000) }),
        (.invalidRequest, "max_exit", { $0.maximumExit = 5 }),
        (.invalidRequest, "max_exit", { $0.maximumExit = 0 }),
        (.invalidRequest, "top_logprobs", { $0.topLogprobs = -1 }),
        (.invalidRequest, "top_logprobs", { $0.topLogprobs = 21 }),
      ]
    for (code, parameter, change) in cases {
      var bad = good
      change(&bad)
      let error = error(bad, language)
      #expect(error?.code == code && error?.parameter == parameter, "\(String(describing: error))")
    }
  }

  @Test func draftsAtOtherExitsAreRefused() throws {
    let language = try TinyLanguage.make(layers: 2)
    var request = GenerationRequest(prompt: [1], maximumTokens: 2)
    request.decoding = .verify(
      drafts: ScriptedPolicy("other", exits: [0, 1]) { _ in .proceed(confidence: nil) })
    #expect(error(request, language)?.code == .policyMismatch)
    #expect(error(request, language)?.what.contains("other") == true)
    // Exits at or beyond full depth are never asked, so they are no mismatch.
    let policy = ScriptedPolicy(exits: [1, 2, 3, 99]) { _ in .proceed(confidence: nil) }
    request.decoding = .verify(drafts: policy)
    #expect(error(request, language) == nil)
    request.decoding = .exit(try ExitPlan(policy, for: language))
    #expect(error(request, language) == nil)
  }

  /// What a plan was certified for is what it runs on, or nothing runs.
  @Test func aPlanForAnotherModelIsRefused() throws {
    let language = try TinyLanguage.make()
    let policy = try FixedDepthPolicy(depth: 2)
    var request = GenerationRequest(prompt: [1], maximumTokens: 2)
    let others = [
      ModelIdentity(name: "tiny", fingerprint: "tuned", layerCount: 4, exits: [1, 2, 3, 4]),
      TinyLanguage.identity(layers: 2), TinyLanguage.identity(keyValueType: .q8),
    ]
    for other in others {
      request.decoding = .exit(try ExitPlan(policy, for: other))
      let error = error(request, language)
      #expect(error?.code == .policyMismatch && error?.parameter == "policy")
    }
    request.decoding = .exit(try ExitPlan(policy, for: language))
    #expect(error(request, language) == nil)
  }

  /// The same model with exits read as they are is another one to a policy.
  @Test func aPlanForAdaptersIsRefusedWithoutThem() throws {
    let tiny = try TinyLanguage.make()
    let (matrix, bias) = (AlignedBuffer(byteCount: 32 * 32 * 4), AlignedBuffer(byteCount: 32 * 4))
    var weights = tiny.model.weights
    weights.adapters[2] = .linear(
      weight: WeightMatrix(EncodedMatrix(.f32, elements: matrix, rows: 32, columns: 32)), bias: bias)
    let adapted = LanguageModel(
      model: LlamaModel(
        configuration: tiny.model.configuration, exits: tiny.exits, weights: weights,
        matmul: tiny.model.matmul),
      tokenizer: tiny.tokenizer, metadata: tiny.metadata, fingerprint: tiny.fingerprint)
    var request = GenerationRequest(prompt: [1], maximumTokens: 2)
    request.decoding = .exit(try ExitPlan(FixedDepthPolicy(depth: 2), for: adapted))
    #expect(error(request, adapted) == nil)
    #expect(error(request, adapted.withoutAdapters())?.code == .policyMismatch)
  }

  /// A token id can come from a caller of the library; it is found when the prompt runs.
  @Test(arguments: [-1, 257, Int32.max])
  func aTokenOutsideTheVocabularyIsRefused(token: Int32) throws {
    let language = try TinyLanguage.make()
    let error = #expect(throws: GenerationError.self) {
      try Transcript(.init(prompt: [1, token], maximumTokens: 2), on: language)
    }
    #expect(error?.code == .invalidRequest && error?.parameter == "prompt")
  }

  @Test func anErrorReadsAsOneSentenceAndARemedy() {
    let error = GenerationError(.invalidRequest, "it is 3", parameter: "n", remedy: "Use 2.")
    #expect(error.description == "it is 3 (n). Use 2.")
    #expect(GenerationError(.overloaded, "full", remedy: "Wait.").description == "full. Wait.")
  }
}
