import RouterCheckpoint
import RouterExit
import RouterModel
import RouterTensor

/// One request in a ``DecodingBatch``: its round, its policy's decisions, its drafts and its answer. One thread uses it.
package final class DecodingSequence {
  /// Rows that a round has at most: beyond about eight they are no longer nearly free.
  static let roundLimit = 8

  let request: GenerationRequest
  let rows: ModelSequence
  /// What tokens leave in layers that they skip.
  let keyValues: KeyValueMode
  let settings: RoundSettings
  private(set) var writer: AnswerWriter
  /// The round that is under way; nil before the prompt has been read.
  private(set) var round: Round?
  /// The token that begins the next round.
  private(set) var newest: Int32?
  /// Prompt tokens that have run.
  private(set) var promptPosition = 0
  /// Prompt tokens that run in this sweep.
  var promptChunk = 0
  /// Whether the round's tokens are in flight: those of the end of a prompt are not.
  private var ownsRows = false
  /// Whether rows that wait for layers run them in this sweep.
  private(set) var isCatchingUp = false
  /// Whether the policy has ever asked for logits.
  var asksForLogits = false

  /// Proposes drafts before a round; nil where nothing is drafted.
  private var drafter: Drafter?
  let statistics: AcceptanceStatistics?
  private(set) var chances = DraftChances()
  private var drafting: DraftingSummary?
  /// The policy's view of each position.
  private var deciders: [TokenDecider]
  /// f32 `[roundLimit, D]`: what the head reads after each position that has left.
  private let headInputs: AlignedBuffer
  private var results = [HeadResult?](repeating: nil, count: roundLimit)
  /// What is wanted of the head; all logits once a few tokens have shown that less is not to be had.
  private(set) var demand: LogitDemand
  private var misses = 0
  private static let missLimit = 4

  private var events: [GenerationEvent] = []
  private(set) var failure: GenerationError?

  /// Prepares a sequence.
  ///
  /// - Throws: ``GenerationError`` if the request does not fit the model, `overloaded` if the pool has no room.
  init(_ request: GenerationRequest, on language: LanguageModel, in pool: KeyValuePool)
    throws(GenerationError)
  {
    try request.validate(for: language)
    self.request = request
    do {
      rows = try ModelSequence(
        of: language.model, in: pool, capacity: request.positions, depthLimit: request.maximumExit)
    } catch {
      throw GenerationError(error)
    }
    writer = AnswerWriter(request, on: language)
    demand = writer.demand
    settings = RoundSettings(request.decoding, known: language.exits, depthLimit: rows.depthLimit)
    keyValues = request.decoding.plan?.keyValues ?? .propagate
    let width = language.model.configuration.width
    headInputs = AlignedBuffer(byteCount: Self.roundLimit * width * 4)
    switch request.decoding {
    case .full: statistics = nil
    case .exit(let plan):
      let isDrafted = plan.draftsAhead && plan.keyValues == .exact && plan.policy.decidesTokensApart
      statistics = isDrafted ? language.exitAcceptanceStatistics : nil
    case .verify: statistics = language.acceptanceStatistics
    }
    if statistics != nil {
      drafter = Drafter(table: language.draftTable, vocabularySize: language.vocabularySize)
      drafting = DraftingSummary()
    }
    let policy = settings.exits.isEmpty ? nil : request.decoding.policy
    let deciderCount = policy == nil ? 0 : statistics == nil ? 1 : Self.roundLimit
    deciders = (0..<deciderCount).map { _ in TokenDecider(policy: policy, width: width) }
  }

  /// Whether the answer has ended, or cannot go on.
  package var isFinished: Bool { writer.isFinished || failure != nil }

  /// What has happened since this was last asked for.
  package func takeEvents() throws(GenerationError) -> [GenerationEvent] {
    if let failure { throw failure }
    defer { events.removeAll(keepingCapacity: true) }
    return events
  }

  /// Ends the sequence where it is.
  package func cancel() -> GenerationEvent { writer.finish(.cancelled, drafting: summary) }

  /// What drafting came to, the round that is under way included; nil if nothing is drafted.
  private var summary: DraftingSummary? {
    var summary = drafting
    if ownsRows, let round, round.need != .nothing { summary?.accepted += round.acceptedCount }
    return summary
  }

  func fail(_ error: ModelError) { failure = GenerationError(error) }
}

// The prompt.
extension DecodingSequence {
  /// Prompt tokens that have not run.
  var promptLeft: Int { round == nil && newest == nil ? request.prompt.count - promptPosition : 0 }

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

// The round.
extension DecodingSequence {
  /// Rows in flight that wait for layers, before those of the round.
  var waitingCount: Int { rows.rowCount - (ownsRows ? round?.count ?? 0 : 0) }

  /// f32 `[D]`: the residual stream of a position of the round.
  func state(of position: Int) -> UnsafeMutablePointer<Float> { rows.state(row: waitingCount + position) }

  /// Takes the newest token in flight, as a round of its own until there are drafts.
  ///
  /// - Parameter deferredRows: rows that may wait for layers before they run them.
  func beginRound(deferredRows: Int) {
    guard let token = newest else { return }
    newest = nil
    do throws(ModelError) {
      isCatchingUp = rows.rowCount >= deferredRows
      try rows.append(CollectionOfOne(token))
    } catch {
      return fail(error)
    }
    round = Round(token, settings: settings)
    ownsRows = true
    chances = DraftChances()
    drafter?.append(token)
    beginDecider(0)
    drafting?.rounds += 1
  }

  private func beginDecider(_ position: Int) {
    guard deciders.indices.contains(position) else { return }
    deciders[position].begin(writer.count + position)
  }

  /// Drafts that the round has room for.
  var hasRoomForDraft: Bool {
    guard let round else { return false }
    return round.count < Self.roundLimit && rows.ledger.reach < rows.capacity
  }

  /// What looks likely after the last token of a round that has not run, and how likely it is reached and accepted.
  func nextDraft() -> (draft: Draft, chance: Double)? {
    guard let drafter, let statistics, let round, round.isOpen, hasRoomForDraft else { return nil }
    let drafts = round.positions.dropFirst().map(\.token)
    guard let draft = drafter.draft(after: drafts, by: statistics) else { return nil }
    return (draft, chances.last * statistics.acceptance(of: draft.source))
  }

  /// Adds a draft to the round.
  func add(_ draft: Draft) {
    guard let statistics else { return }
    do throws(ModelError) {
      try rows.append(CollectionOfOne(draft.token))
    } catch {
      return fail(error)
    }
    round?.append(draft)
    chances.add(acceptance: statistics.acceptance(of: draft.source))
    beginDecider((round?.count ?? 1) - 1)
    drafting?.drafted += 1
  }

  /// Takes no drafts from exits any more.
  func endDrafting() { round?.endDrafting() }

  /// Notes that the round's rows have run the layers that it needed.
  func arrive() { round?.arrive() }

  /// Asks the policy about a position at the exit where it is.
  func decide(_ position: Int, depth: Int, logits: any ExitLogits) -> (leaves: Bool, confidence: Float?) {
    deciders[position].decide(
      depth: depth, layerCount: rows.model.configuration.layerCount,
      hidden: UnsafeBufferPointer(start: state(of: position), count: rows.model.configuration.width),
      logits: logits)
  }

  /// Positions that left at a depth without being asked about: where the round's layers end.
  func positionsLeft(at depth: Int) -> [Int] {
    guard let round, case .choice(let current) = round.need else { return [] }
    return (current..<round.count).filter { round.positions[$0].exit?.depth == depth }
  }

  /// Whether the newest token has left and its keys and values in the layers that it skipped are still to be made.
  var propagates: Bool {
    guard ownsRows, failure == nil, keyValues == .propagate, settings.meaning == .leaving, let round,
      case .choice = round.need
    else { return false }
    return rows.depth < rows.depthLimit
  }

  /// Notes the policy's decisions, in the order in which they were asked for.
  func decided(_ decisions: [(leaves: Bool, confidence: Float?)]) { round?.decide(decisions) }

  /// f32 `[D]`: what the head reads after a position.
  func headInput(_ position: Int) -> UnsafeMutablePointer<Float> {
    headInputs.pointer.assumingMemoryBound(to: Float.self) + position * rows.model.configuration.width
  }

  /// Keeps what the head says after a position, until the sweep ends.
  func keep(_ result: HeadResult?, after position: Int) { results[position] = result }

  /// Forgets what the head said.
  func forgetResults() {
    for position in results.indices { results[position] = nil }
  }

  /// Ends the round if it is over: what was confirmed stays; tokens that left early wait for the other layers.
  func endRound() {
    guard let round, round.need == .nothing else { return }
    self.round = nil
    if ownsRows {
      let waiting = rows.rowCount - round.count
      rows.keep(waiting + round.acceptedCount + 1)
      drafting?.accepted += round.acceptedCount
      if round.draftCount > 0 || statistics != nil { statistics?.record(round.outcomes) }
    }
    ownsRows = false
    newest = writer.sequence.last
  }

  /// Accepts the first rows in flight, as far as they have run all layers.
  func settle() {
    isCatchingUp = false
    rows.settle(rows.ledger.depths[..<waitingCount].prefix { $0 == rows.depthLimit }.count)
  }
}

// The choice.
extension DecodingSequence {
  /// Positions whose next tokens are to be chosen and of which the head has not been asked: the current one, and those
  /// behind it that are likely enough to share its read.
  var unreadPositions: [Int] {
    guard !isFinished, let round else { return [] }
    switch round.need {
    case .draft: return [round.count - 1]
    case .choice(let current):
      guard results[current] == nil else { return [] }
      let likely = max(current + 1, chances.rowCount(reachedWith: Self.preparedChance))
      return (current..<min(likely, round.count)).prefix {
        round.positions[$0].exit != nil && results[$0] == nil
      }
    default: return []
    }
  }

  /// Probability to be reached from which a row's head is computed along with the others': about what it costs
  /// so, over what it costs alone.
  private static let preparedChance = 0.15

  /// What is needed of the head after a position, and the depth where it is.
  func demand(after position: Int) -> (demand: LogitDemand, depth: Int) {
    if case .draft = round?.need { return (.mostProbable, rows.depth) }
    return (demand, round?.positions[position].exit?.depth ?? rows.depthLimit)
  }

  /// Notes whether the screen of the head could tell what was wanted.
  func note(missed: Bool) {
    misses = missed ? misses + 1 : 0
    if misses == Self.missLimit { demand = .all }
  }

  /// Whether a token can be chosen.
  var canChoose: Bool {
    if !isFinished, case .choice(let current) = round?.need { results[current] != nil } else { false }
  }

  /// Chooses tokens as far as the head has been asked.
  func choose() {
    while let round, case .choice(let current) = round.need, let result = results[current],
      let exit = round.positions[current].exit
    {
      do throws(GenerationError) {
        let token = try writer.choose(from: result, at: exit, drafting: summary, into: &events)
        self.round?.choose(token)
        if writer.isFinished { return }
        // An accepted draft is a token of the sequence like any other.
        if self.round?.need != .nothing { drafter?.append(token) }
      } catch {
        failure = error
        return
      }
    }
  }

  /// The draft that the exit where the last token is makes; nil without a finite logit.
  func takeExitDraft() -> Draft? {
    guard case .draft = round?.need, let position = round.map({ $0.count - 1 }),
      let result = results[position]
    else { return nil }
    results[position] = nil
    let token: Int32? =
      switch result {
      case .choice(let token): token
      case .logits(let logits): SoftmaxStatistics.argmax(UnsafeBufferPointer(logits)).map { Int32($0) }
      }
    return token.map { Draft(token: $0, source: .exit(depth: rows.depth)) }
  }
}
