import RouterModel

// The prompt.
extension DecodingSequence {
  /// Prompt tokens that have not run.
  var promptLeft: Int { request.prompt.count - promptPosition }

  /// Whether the prompt's last token runs in this sweep.
  var isPromptEnding: Bool { promptPosition + promptChunk == request.prompt.count }

  /// Takes the next `count` prompt tokens in flight.
  func beginPrompt(_ count: Int) {
    promptChunk = count
    do throws(ModelError) {
      try rows.begin(request.prompt[promptPosition..<promptPosition + count])
    } catch {
      fail(error)
    }
  }

  /// Accepts the prompt tokens in flight, which have run all layers.
  func endPrompt() {
    let tokens = request.prompt[promptPosition..<promptPosition + promptChunk]
    for token in tokens { drafter?.append(token) }
    rows.commitFull()
    promptPosition += promptChunk
    promptChunk = 0
    if promptPosition == request.prompt.count, let last = tokens.last {
      round = Round(endOfPrompt: last, settings: settings)
      ownsRows = false
    }
  }
}
