import RouterDecoding
import RouterExit
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
        (.invalidRequest, "policy", { $0.mode = .exit }),
      ]
    for (code, parameter, change) in cases {
      var bad = good
      change(&bad)
      let error = error(bad, language)
      #expect(error?.code == code && error?.parameter == parameter, "\(String(describing: error))")
    }
  }

  @Test func aPolicyForOtherExitsIsRefused() throws {
    let language = try TinyLanguage.make(layers: 2)
    var request = GenerationRequest(prompt: [1], maximumTokens: 2, mode: .exit)
    request.policy = ScriptedPolicy("other", exits: [0, 1]) { _ in .proceed(confidence: nil) }
    #expect(error(request, language)?.code == .policyMismatch)
    #expect(error(request, language)?.what.contains("other") == true)
    // Exits at or beyond full depth are never asked, so they are no mismatch.
    request.policy = ScriptedPolicy(exits: [1, 2, 3, 99]) { _ in .proceed(confidence: nil) }
    #expect(error(request, language) == nil)
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
