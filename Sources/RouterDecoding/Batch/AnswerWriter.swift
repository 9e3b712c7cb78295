import RouterTokenizer

/// Writes one answer: chooses each token from what the head says, turns tokens into text, and knows where to end.
struct AnswerWriter {
  private let language: LanguageModel
  private let request: GenerationRequest
  private var sampler: Sampler
  private var text: StreamingDecoder
  private var stops: StopStringMatcher
  /// Prompt and generated tokens.
  private(set) var sequence: [Int32]
  private var depthCounts: [Int: Int] = [:]
  /// Tokens generated so far.
  private(set) var count = 0
  /// Tokens that have been handed out before the answer was begun anew.
  private var knownCount = 0
  private(set) var isFinished = false
  /// Tokens of the prompt that were not run.
  var cachedTokenCount = 0
  private let clock = ContinuousClock()
  private let started: ContinuousClock.Instant
  private var firstToken: ContinuousClock.Instant?

  init(_ request: GenerationRequest, on language: LanguageModel) {
    self.language = language
    self.request = request
    sampler = Sampler(request.sampling)
    // The answer goes on from the prompt: a space before its first word is its own.
    text = language.tokenizer.makeStreamingDecoder(continuing: request.continuesText)
    stops = StopStringMatcher(request.stopStrings)
    sequence = request.prompt
    started = clock.now
  }

  /// Begins the answer anew; the tokens that it has come to are not handed out again.
  mutating func restart() {
    knownCount = max(knownCount, count)
    // The same draws, where the seed was drawn too.
    sampler = Sampler(request.sampling, seed: sampler.seed)
    text = language.tokenizer.makeStreamingDecoder(continuing: request.continuesText)
    stops = StopStringMatcher(request.stopStrings)
    sequence = request.prompt
    depthCounts = [:]
    count = 0
  }

  /// What is needed of the head.
  var demand: LogitDemand { request.topLogprobs == nil ? request.sampling.demand : .all }

  /// Chooses the next token and adds what it leads to: at most one token, and the end after the last.
  ///
  /// - Parameters:
  ///   - result: what the head says; logits are changed during the call, and are as before after it.
  ///   - exit: where the token before left.
  /// - Returns: the token.
  /// - Throws: ``GenerationError`` `internalFailure` if a logit is not a finite number.
  mutating func choose(
    from result: HeadResult, at exit: TokenExit, drafting: DraftingSummary?,
    into events: inout [GenerationEvent]
  ) throws(GenerationError) -> Int32 {
    if firstToken == nil { firstToken = clock.now }
    let id: Int32
    var table: LogprobTable?
    switch result {
    case .choice(let token): id = token
    case .logits(let logits):
      id = try sampler.choose(from: logits, history: sequence)
      if request.topLogprobs != nil { table = LogprobTable(UnsafeBufferPointer(logits)) }
    }
    let best = table.map { table in
      table.top(request.topLogprobs ?? 0).map {
        TokenLogprob(id: $0, bytes: language.tokenizer.bytes(of: $0), logprob: table[$0])
      }
    }
    let isEnd = !request.ignoresEndOfText && language.tokenizer.endOfGeneration.contains(id)
    let released = isEnd ? "" : stops.append(text.append(id))
    let token = GeneratedToken(
      id: id, text: released, bytes: language.tokenizer.bytes(of: id), depth: exit.depth,
      head: exit.head, confidence: exit.confidence, logprob: table?[id], topLogprobs: best ?? [])
    if isEnd {
      events.append(finish(.stop, endOfText: token, drafting: drafting))
      return id
    }
    sequence.append(id)
    count += 1
    depthCounts[exit.depth, default: 0] += 1
    if count > knownCount { events.append(.token(token)) }
    if stops.isStopped {
      events.append(finish(.stop, drafting: drafting))
    } else if count == request.maximumTokens {
      events.append(finish(.length, drafting: drafting))
    }
    return id
  }

  /// Ends the answer.
  mutating func finish(
    _ reason: FinishReason, endOfText: GeneratedToken? = nil, drafting: DraftingSummary?
  ) -> GenerationEvent {
    isFinished = true
    let now = clock.now
    let total = depthCounts.reduce(0) { $0 + $1.key * $1.value }
    let tail = stops.isStopped ? "" : stops.append(text.finish()) + stops.finish()
    return .finished(
      GenerationSummary(
        finishReason: reason, promptTokenCount: request.prompt.count, cachedTokenCount: cachedTokenCount,
        completionTokenCount: count, meanDepth: count == 0 ? 0 : Double(total) / Double(count),
        depthCounts: depthCounts, trailingText: tail, endOfText: endOfText,
        prefillSeconds: ((firstToken ?? now) - started) / .seconds(1),
        decodeSeconds: (now - (firstToken ?? now)) / .seconds(1), seed: sampler.seed, drafting: drafting))
  }
}
