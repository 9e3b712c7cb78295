import Hummingbird
import Logging
import RouterDecoding

/// Carries one completion from its sequences to the client.
struct CompletionResponder: Sendable {
  let call: CompletionCall
  let feed: CompletionFeed
  let metrics: ServerMetrics
  let monitor: GuaranteeMonitor
  let logger: Logger
  let requestID: String
  /// When the request was queued.
  let started: ContinuousClock.Instant

  /// Waits for the end and returns the whole answer.
  func whole() async throws -> any Encodable {
    var choices = Array(repeating: ChoiceProgress(), count: call.requests.count)
    var times = TokenTimes(choices: choices.count, since: started)
    try await feed.consume { item in
      guard case .event(let choice, let event) = item else { return }
      note(event, of: choice, &times)
      try choices[choice].take(event)
    }
    note(choices)
    var renderer = CompletionRenderer(call)
    return renderer.whole(choices)
  }

  /// Sends each piece of the answer as it comes.
  ///
  /// What goes wrong on the way reaches the client as an event with an error object, since the status is
  /// already out.
  func stream(to writer: inout any ResponseBodyWriter) async throws {
    let events = EventStream()
    var renderer = CompletionRenderer(call)
    var choices = Array(repeating: ChoiceProgress(), count: call.requests.count)
    var times = TokenTimes(choices: choices.count, since: started)
    do {
      for choice in choices.indices {
        if let opening = renderer.opening(of: choice) { try await writer.write(events.event(opening)) }
      }
      try await feed.consume { item in
        switch item {
        case .silence:
          try await writer.write(EventStream.keepAlive)
        case .event(let choice, let event):
          note(event, of: choice, &times)
          try choices[choice].take(event)
          if choices[choice].isFinished {
            let last = choices[choice].takeAll()
            try await writer.write(
              events.event(renderer.end(last, of: choice, progress: choices[choice])))
          } else if let delta = choices[choice].takeReleased() {
            try await writer.write(events.event(renderer.chunk(delta, of: choice)))
          }
        }
      }
      if let usage = renderer.usageChunk(choices) { try await writer.write(events.event(usage)) }
      try await writer.write(EventStream.done)
      note(choices)
    } catch  where !Task.isCancelled && (error as? CompletionFeed.Interruption) != .clientLeft {
      let translated = APIError(any: error)
      logger.warning(
        "Stream interrupted", metadata: ["request_id": "\(requestID)", "error": "\(error)"])
      try await writer.write(events.event(ErrorJSON(error: translated)))
    }
  }

  private func note(_ event: GenerationEvent, of choice: Int, _ times: inout TokenTimes) {
    guard case .token = event else { return }
    let (seconds, isFirst) = times.next(of: choice, at: .now)
    metrics.token(seconds: seconds, isFirst: isFirst)
  }

  private func note(_ choices: [ChoiceProgress]) {
    let usage = Usage(call, choices: choices)
    let summaries = choices.compactMap(\.answer.summary)
    metrics.completion(usage, summaries: summaries)
    metrics.answers(summaries.count, decoding: call.settings.decoding)
    monitor.offer(call, ids: choices.map(\.answer.idsWithEnd))
    logger.info(
      "Completion",
      metadata: [
        "request_id": "\(requestID)", "id": "\(call.id)", "prompt_tokens": "\(usage.promptTokens)",
        "cached_tokens": "\(usage.cachedTokens)",
        "completion_tokens": "\(usage.completionTokens)",
        "mean_depth": "\(usage.meanDepth.map { String(($0 * 100).rounded() / 100) } ?? "-")",
        "policy": "\(call.settings.decoding.policy?.name ?? "-")",
      ])
  }
}
