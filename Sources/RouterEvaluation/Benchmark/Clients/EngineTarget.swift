import RouterDecoding

/// An engine in this process, in one way of decoding.
package struct EngineTarget: LoadTarget {
  private let engine: InferenceEngine
  private let way: DecodingWay

  package init(_ engine: InferenceEngine, _ way: DecodingWay) {
    self.engine = engine
    self.way = way
  }

  package var name: String { way.name }

  package func answer(_ example: PromptExample, maximumTokens: Int) async throws -> AnswerTimes {
    let clock = ContinuousClock()
    let started = clock.now
    let model = engine.model
    let prompt = try model.promptTokens(of: example)
    let decoding =
      way.alternatives.count == 1
      ? way.decoding : way.alternatives[engine.choose(among: way.alternatives)]
    let request = GenerationRequest(
      prompt: prompt,
      maximumTokens: try model.limits.maximumTokens(behind: prompt, asked: nil, usual: maximumTokens),
      stopStrings: model.chatStopStrings, decoding: decoding, continuesText: !model.hasChatTemplate)
    var arrivals: [ContinuousClock.Instant] = []
    for try await event in try engine.submit(request) {
      if case .token = event { arrivals.append(clock.now) }
    }
    return AnswerTimes(
      started: started, arrivals: arrivals, tokenCount: arrivals.count, ended: clock.now, way: decoding.name)
  }
}
