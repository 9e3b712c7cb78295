import RouterExit
import RouterModel
import RouterTokenizer

/// One sequence being generated, advanced a step at a time; used by one thread.
package final class Generation {
  private let language: LanguageModel
  private let request: GenerationRequest
  private let step: any DecodingStep
  private var sampler: Sampler
  private var text: StreamingDecoder
  private var stops: StopStringMatcher

  private var phase: Phase = .prefill(next: 0)
  /// Prompt and generated tokens.
  private var sequence: [Int32]
  private var depthCounts: [Int: Int] = [:]
  private var completionCount = 0
  private let clock = ContinuousClock()
  private let started: ContinuousClock.Instant
  private var firstToken: ContinuousClock.Instant?

  private enum Phase {
    /// Prompt tokens before `next` have run.
    case prefill(next: Int)
    /// The logits for the next token are there; `depth` layers made them.
    case sample(depth: Int, confidence: Float?)
    /// This token is to be run to get the next logits.
    case run(Int32)
    case finished
  }

  /// Prepares a sequence.
  ///
  /// - Throws: ``GenerationError`` if the request does not fit the model.
  package init(_ request: GenerationRequest, on language: LanguageModel) throws(GenerationError) {
    try request.validate(for: language)
    self.language = language
    self.request = request
    do {
      let session = try InferenceSession(
        model: language.model, capacity: request.prompt.count + request.maximumTokens,
        depthLimit: request.maximumExit)
      step = Self.step(request, session: session, language: language)
    } catch {
      throw GenerationError(error)
    }
    sampler = Sampler(request.sampling)
    // The answer goes on from the prompt: a space before its first word is its own.
    text = language.tokenizer.makeStreamingDecoder(continuing: request.continuesText)
    stops = StopStringMatcher(request.stopStrings)
    sequence = request.prompt
    started = clock.now
  }

  private static func step(
    _ request: GenerationRequest, session: InferenceSession, language: LanguageModel
  ) -> any DecodingStep {
    let demand = request.topLogprobs == nil ? request.sampling.demand : .all
    switch request.decoding {
    case .full: return ExitStep(session: session, policy: nil, demand: demand)
    case .exit(let plan):
      if plan.draftsAhead, plan.keyValues == .exact, plan.policy.decidesTokensApart {
        return DraftedExitStep(
          session: session, policy: plan.policy, table: language.draftTable,
          statistics: language.exitAcceptanceStatistics, catchUpCosts: language.catchUpCosts, demand: demand)
      }
      return ExitStep(
        session: session, policy: plan.policy, keyValues: plan.keyValues,
        catchUpCosts: language.catchUpCosts, demand: demand)
    case .verify(let drafts):
      return VerifyStep(
        session: session, policy: drafts, table: language.draftTable,
        statistics: language.acceptanceStatistics, demand: demand)
    }
  }

  /// Whether the sequence has ended.
  package var isFinished: Bool {
    if case .finished = phase { true } else { false }
  }

  /// Does one unit of work: a batch of the prompt, or one token.
  ///
  /// - Returns: at most one token, and `finished` after the last.
  package func advance() throws(GenerationError) -> [GenerationEvent] {
    do throws(ModelError) {
      switch phase {
      case .prefill(let next):
        let end = min(next + InferenceSession.maximumRows, request.prompt.count)
        let isLast = end == request.prompt.count
        try step.prefill(request.prompt[next..<end], isLast: isLast)
        phase = isLast ? .sample(depth: depthLimit, confidence: nil) : .prefill(next: end)
        return []
      case .run(let token):
        let result = try step.run(token, index: completionCount)
        phase = .sample(depth: result.depth, confidence: result.confidence)
      case .sample, .finished: break
      }
    } catch {
      throw GenerationError(error)
    }
    guard case .sample(let depth, let confidence) = phase else { return [] }
    return try emit(depth: depth, confidence: confidence)
  }

  /// Ends the sequence where it is.
  package func cancel() -> GenerationEvent { finish(.cancelled) }

  private var depthLimit: Int { request.maximumExit ?? language.layerCount }

  /// Chooses a token from the logits at hand and accounts for it.
  private func emit(depth: Int, confidence: Float?) throws(GenerationError) -> [GenerationEvent] {
    if firstToken == nil { firstToken = clock.now }
    let id: Int32
    if let choice = step.head.choice {
      id = choice
    } else {
      id = try sampler.choose(from: step.head.logits, history: sequence)
    }
    let table = request.topLogprobs.map { _ in LogprobTable(UnsafeBufferPointer(step.head.logits)) }
    let best = table.map { table in table.top(request.topLogprobs ?? 0).map { logprob(of: $0, in: table) } }

    let isEnd = !request.ignoresEndOfText && language.tokenizer.endOfGeneration.contains(id)
    let released = isEnd ? "" : stops.append(text.append(id))
    let token = GeneratedToken(
      id: id, text: released, bytes: language.tokenizer.bytes(of: id), depth: depth, confidence: confidence,
      logprob: table?[id], topLogprobs: best ?? [])
    if isEnd { return [finish(.stop, endOfText: token)] }

    sequence.append(id)
    completionCount += 1
    depthCounts[depth, default: 0] += 1
    if stops.isStopped { return [.token(token), finish(.stop)] }
    if completionCount == request.maximumTokens { return [.token(token), finish(.length)] }
    phase = .run(id)
    return [.token(token)]
  }

  private func logprob(of id: Int32, in table: LogprobTable) -> TokenLogprob {
    TokenLogprob(id: id, bytes: language.tokenizer.bytes(of: id), logprob: table[id])
  }

  private func finish(_ reason: FinishReason, endOfText: GeneratedToken? = nil) -> GenerationEvent {
    phase = .finished
    let now = clock.now
    let total = depthCounts.reduce(0) { $0 + $1.key * $1.value }
    let tail = stops.isStopped ? "" : stops.append(text.finish()) + stops.finish()
    return .finished(
      GenerationSummary(
        finishReason: reason, promptTokenCount: request.prompt.count, completionTokenCount: completionCount,
        meanDepth: completionCount == 0 ? 0 : Double(total) / Double(completionCount),
        depthCounts: depthCounts, trailingText: tail, endOfText: endOfText,
        prefillSeconds: Self.seconds((firstToken ?? now) - started),
        decodeSeconds: Self.seconds(now - (firstToken ?? now)), seed: sampler.seed,
        drafting: step.drafting))
  }

  private static func seconds(_ duration: Duration) -> Double {
    Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
  }
}
