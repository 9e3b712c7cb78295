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
  /// The name of its way to decode.
  let wayName: String
  /// Who shares the beginning of the sequence; nil for nobody.
  let prefixScope: String?
  var writer: AnswerWriter
  /// The round that is under way; nil before the prompt has been read.
  var round: Round?
  /// The token that begins the next round.
  var newest: Int32?
  /// What is read before rounds begin: the prompt; once the sequence has been preempted, its answer so far too.
  var reading: [Int32]
  /// The token that begins the next round when all has been read again; nil if the prompt's last token does.
  var resumed: Int32?
  /// Whether the sequence has ever been preempted.
  var wasPreempted = false
  /// Tokens, from the prompt's first on, that drafts are looked up in.
  var draftableCount = 0
  /// Whether the sequence has given its pages back and waits for others.
  package internal(set) var isParked = false
  /// Prompt tokens that have run.
  var promptPosition = 0
  /// Prompt tokens that run in this sweep.
  var promptChunk = 0
  /// Whether the round's tokens are in flight: those of the end of a prompt are not.
  var ownsRows = false
  /// Whether tokens that leave wait for others, to run with them the layers that they skipped.
  var defersLayers = true
  /// Whether rows that wait for layers run them in this sweep.
  var isCatchingUp = false
  /// Whether the policy has ever asked for logits.
  var asksForLogits = false

  /// Proposes drafts before a round; nil where nothing is drafted.
  var drafter: Drafter?
  let statistics: AcceptanceStatistics?
  var chances = DraftChances()
  var drafting: DraftingSummary?
  /// The policy's view of each position.
  var deciders: [TokenDecider]
  /// f32 `[roundLimit, D]`: what the head reads after each position that has left.
  let headInputs: AlignedBuffer
  var results = [HeadResult?](repeating: nil, count: roundLimit)
  /// What is wanted of the head; all logits once a few tokens have shown that less is not to be had.
  var demand: LogitDemand
  var misses = 0

  /// Where the keys and values of the prompt are left at the end; nil where nobody asked for them.
  var prefixSlot: PrefixSlot?

  var events: [GenerationEvent] = []
  var failure: GenerationError?

  /// Prepares a sequence.
  ///
  /// - Throws: ``GenerationError`` if the request does not fit the model.
  /// - Parameter sharesPrefixes: whether others may begin with what this sequence leaves, and it with theirs.
  init(
    _ request: GenerationRequest, on language: LanguageModel, in pool: KeyValuePool, sharesPrefixes: Bool
  ) throws(GenerationError) {
    try request.validate(for: language)
    self.request = request
    reading = request.prompt
    prefixScope = sharesPrefixes ? request.prefixScope : nil
    do {
      rows = try ModelSequence(
        of: language.model, in: pool, capacity: request.positions, depthLimit: request.maximumExit,
        reserving: false)
    } catch {
      throw GenerationError(error)
    }
    writer = AnswerWriter(request, on: language)
    demand = writer.demand
    settings = RoundSettings(request.decoding, known: language.exits, depthLimit: rows.depthLimit)
    wayName = request.decoding.name
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
    deciders = []
    makeDeciders()
  }

  /// Has the policy see an answer from its first token on.
  func makeDeciders() {
    let policy = settings.asks ? request.decoding.policy : nil
    let count = policy == nil ? 0 : statistics == nil ? 1 : Self.roundLimit
    deciders = (0..<count).map { _ in TokenDecider(policy: policy, width: rows.model.configuration.width) }
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
  var summary: DraftingSummary? {
    var summary = drafting
    if ownsRows, let round, round.need != .nothing { summary?.accepted += round.acceptedCount }
    return summary
  }

  func fail(_ error: ModelError) { failure = GenerationError(error) }
}
