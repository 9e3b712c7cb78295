import RouterCheckpoint
import RouterExit
import RouterModel

/// Speculative decoding with exits: the tokens and the depths of ``ExitStep``, several in one pass.
///
/// A round runs the newest token and drafts of those that follow it from exit to exit, all together, and asks the
/// policy about each as if it were alone. Keys and values are exact, so a token's state at an exit does not depend on
/// what ran beside it: its decision, and what the exit says, are those that it would have had. A draft that is not the
/// token which is then chosen ends the round, and is rolled back.
final class DraftedExitStep: DecodingStep, ExitLogits {
  let head: HeadOutput
  let session: InferenceSession
  private var drafter: Drafter
  private let statistics: AcceptanceStatistics
  private let catchUpCosts: CatchUpCosts
  /// Depths to ask at, ascending.
  private let exits: [Int]
  private var counts = DraftingSummary()
  private let clock = ContinuousClock()

  /// The tokens of the round, its first and its drafts.
  private var positions: [RoundPosition]
  /// The policy's view of each position, apart from them: while it decides, it asks for logits.
  private var deciders: [TokenDecider]
  private var drafts: [Draft] = []
  /// Rows in flight before the round's: tokens that wait for layers which they skipped.
  private var waiting = 0
  /// The position after which a token was last chosen.
  private var current = 0
  /// How many of ``exits`` the round has reached.
  private var reached = 0
  /// Positions that are likely enough to be reached to share work with those before them.
  private var likely = 0
  /// The position whose logits a policy may ask for.
  private var asked = 0
  private var hasRound = false

  private struct RoundPosition {
    /// Where the token leaves; nil while it has not been decided.
    var exit: TokenExit?
    /// What chooses the token after it, kept before its row went deeper with others.
    var result: HeadResult?
  }

  init(
    session: InferenceSession, policy: any ExitPolicy, table: DraftTable?, statistics: AcceptanceStatistics,
    catchUpCosts: CatchUpCosts, demand: LogitDemand
  ) {
    self.session = session
    self.statistics = statistics
    self.catchUpCosts = catchUpCosts
    head = HeadOutput(session: session, demand: demand)
    drafter = Drafter(table: table, vocabularySize: session.model.configuration.vocabularySize)
    exits = ExitLoop.exits(of: policy, in: session)
    let limit = min(VerifyStep.passRows, session.rowLimit, session.model.uniformRows)
    positions = [RoundPosition](repeating: RoundPosition(), count: limit)
    let width = session.model.configuration.width
    deciders = (0..<limit).map { _ in TokenDecider(policy: policy, width: width) }
  }

  var drafting: DraftingSummary? {
    var summary = counts
    // The round that is under way has not been counted.
    if hasRound { summary.accepted += current }
    return summary
  }

  func logits() -> UnsafeBufferPointer<Float> {
    let row = waiting + asked
    if !head.holdsLogits(row: row) {
      let last = (asked..<count).prefix { positions[$0].exit == nil }.last ?? asked
      head.prepareLogits(rows: row..<waiting + last + 1)
    }
    return head.logits(row: row)
  }

  func prefill(_ tokens: ArraySlice<Int32>, isLast: Bool) throws(ModelError) {
    try runPrompt(tokens, isLast: isLast)
    for token in tokens { drafter.append(token) }
  }

  func run(_ token: Int32, index: Int) throws(ModelError) -> TokenExit {
    drafter.append(token)
    if hasRound, current < drafts.count, drafts[current].token == token {
      current += 1
    } else {
      endRound()
      try beginRound(token, index: index)
    }
    while true {
      if let exit = positions[current].exit {
        conclude()
        return exit
      }
      goDeeper()
    }
  }

  /// Tokens of the round.
  private var count: Int { drafts.count + 1 }

  private func beginRound(_ token: Int32, index: Int) throws(ModelError) {
    drafts.removeAll(keepingCapacity: true)
    (current, reached, waiting) = (0, 0, session.rowCount)
    head.beginRound()
    try session.append(CollectionOfOne(token))
    let free = min(session.rowLimit, session.model.uniformRows, session.capacity - session.position) - waiting
    var budget = DraftBudget(statistics.estimate(rows: max(1, min(positions.count, free))))
    while budget.hasRoom, let draft = drafter.draft(after: drafts, budget: budget), budget.pays(draft.source)
    {
      budget.add(draft.source)
      drafts.append(draft)
      try session.append(CollectionOfOne(draft.token))
    }
    likely = budget.rowCount(reachedWith: VerifyStep.preparedChance)
    for position in 0..<count {
      deciders[position].begin(index + position)
      positions[position] = RoundPosition()
    }
    hasRound = true
    counts.rounds += 1
    counts.drafted += drafts.count
  }

  /// Keeps what was confirmed; tokens that left early wait for the other layers, or run through them.
  private func endRound() {
    guard hasRound else { return }
    hasRound = false
    session.keep(waiting + current + 1)
    statistics.record(drafts, accepted: current)
    counts.accepted += current
    if session.depth == session.depthLimit {
      session.commitFull()
    } else if session.rowCount >= catchUpCosts.deferredRowLimit(of: session) {
      session.advance(to: session.depthLimit)
      session.commitFull()
    }
  }

  /// Takes the round to the next exit, or through the last layer, and asks about each token that has not left.
  private func goDeeper() {
    keepResults()
    let exit = reached < exits.count ? exits[reached] : nil
    let started = clock.now
    session.advance(to: exit ?? session.depthLimit)
    if reached == 0 {
      let layers = exit ?? session.depthLimit
      let seconds = (clock.now - started) / .seconds(1)
      catchUpCosts.record(rows: count, seconds: seconds, layers: layers, of: session.depthLimit)
      statistics.record(rows: count, seconds: seconds * Double(session.depthLimit) / Double(layers))
    }
    reached += 1
    for position in current..<count where positions[position].exit == nil {
      asked = position
      guard let exit else {
        positions[position].exit = TokenExit(
          depth: session.depthLimit, confidence: deciders[position].confidence)
        continue
      }
      if deciders[position].leaves(session, row: waiting + position, logits: self) {
        positions[position].exit = TokenExit(depth: exit, confidence: deciders[position].confidence)
      }
    }
  }

  /// Finds what chooses the token after the current one.
  private func conclude() {
    if let result = positions[current].result { return head.take(result) }
    prepare(from: current)
    head.conclude(row: waiting + current)
  }

  /// Finds what chooses the tokens after those that leave where the round is, before it goes deeper.
  private func keepResults() {
    var isPrepared = false
    for position in current..<count where positions[position].exit != nil && positions[position].result == nil
    {
      if !isPrepared { prepare(from: position) }
      isPrepared = true
      positions[position].result = head.result(row: waiting + position)
    }
  }

  /// Lets the likely positions that leave where the round is, from `first` on, share one read of the head.
  private func prepare(from first: Int) {
    let last = (first..<max(first, min(likely, count))).prefix {
      positions[$0].exit != nil && positions[$0].result == nil
    }
    head.prepare(rows: waiting + first..<waiting + max(first, last.upperBound))
  }
}
