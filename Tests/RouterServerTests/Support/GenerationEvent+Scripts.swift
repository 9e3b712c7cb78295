import RouterDecoding

extension GeneratedToken {
  /// A token that releases its own text at once.
  static func word(_ text: String, depth: Int = 30, confidence: Float? = nil) -> GeneratedToken {
    GeneratedToken(
      id: 1, text: text, bytes: Array(text.utf8), depth: depth, confidence: confidence, logprob: -0.5,
      topLogprobs: [
        TokenLogprob(id: 1, bytes: Array(text.utf8), logprob: -0.5),
        TokenLogprob(id: 2, bytes: Array("other".utf8), logprob: -.infinity),
      ])
  }

  /// A token of those bytes that releases other text than its own.
  static func part(_ bytes: [UInt8], releases text: String, depth: Int = 30) -> GeneratedToken {
    GeneratedToken(
      id: 3, text: text, bytes: bytes, depth: depth, confidence: nil, logprob: -1, topLogprobs: [])
  }
}

extension GenerationSummary {
  /// The end of a sequence.
  static func end(
    _ reason: FinishReason = .stop, prompt: Int = 0, cached: Int = 0, tokens: Int = 0, trailing: String = ""
  ) -> GenerationSummary {
    GenerationSummary(
      finishReason: reason, promptTokenCount: prompt, cachedTokenCount: cached,
      completionTokenCount: tokens, meanDepth: 0, depthCounts: [:], trailingText: trailing, endOfText: nil,
      prefillSeconds: 0.25, decodeSeconds: 0.5,
      seed: 7)
  }
}

extension [GenerationEvent] {
  /// One token a word, at depths 9, 21, 30, 9, ..., and the end.
  static func answer(_ text: String, _ request: GenerationRequest) -> [GenerationEvent] {
    words(text) + [.finished(.end(prompt: request.prompt.count, tokens: words(text).count))]
  }

  /// One token a word, spaces kept in front.
  static func words(_ text: String) -> [GenerationEvent] {
    let depths = [9, 21, 30]
    return text.split(separator: " ", omittingEmptySubsequences: false).enumerated().map { index, word in
      .token(
        .word(
          index == 0 ? String(word) : " \(word)", depth: depths[index % 3],
          confidence: index % 3 == 2 ? nil : 0.75))
    }
  }
}
