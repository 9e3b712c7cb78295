import RouterCheckpoint
import RouterExit
import RouterModel

/// Mode exit with guesses ahead: the tokens and the depths of ``ExitStep``, several in one pass.
///
/// A round runs the newest token and guesses at those that follow it from exit to exit, all together, and asks the
/// policy about each as if it were alone. Keys and values are exact, so a token's state at an exit does not depend on
/// what ran beside it: its decision, and what the exit says, are those that it would have had. A guess that is not the
/// token which is then chosen ends the round, and is forgotten.
final class DraftedExitStep: DecodingStep, ExitLogits {
  let next: HeadOutput
  let session: InferenceSession
  private var drafter: Drafter
  private let record: AcceptanceStatistics
  private let catchUps: CatchUpCosts
  /// Depths to ask at, ascending.
  private let exits: [Int]
  private var summary = DraftingSummary()
  private let clock = ContinuousClock()

  /// The tokens of the round, its first and its guesses.
  private var places: [RoundPosition]
  /// The policy's view of each place, apart from them: while it decides, it asks for logits.
  private var rows: [TokenDecider]
  private var drafts: [Draft] = []
  /// Rows in flight before the round's: tokens that wait for layers which they skipped.
  private var waiting = 0
  /// The place after which a token was last chosen.
  private var current = 0
  /// How many of ``exits`` the round has reached.
  private var reached = 0
  /// Places that are likely enough to be reached to share work with those before them.
  private var likely = 0
  /// The place whose logits a policy may ask for.
  private var asked = 0
  private var hasRound = false

  private struct RoundPosition {
    /// Where the token leaves; nil while it has not been decided.
    var run: TokenExit?
    /// What chooses the token after it, kept before its row went deeper with others.
    var conclusion: HeadOutput.HeadResult?
  }

  init(
    session: InferenceSession, policy: any ExitPolicy, table: DraftTable?, record: AcceptanceStatistics,
    catchUps: CatchUpCosts, demand: LogitDemand
  ) {
    self.session = session
    self.record = record
    self.catchUps = catchUps
    next = HeadOutput(session: session, demand: demand)
    drafter = Drafter(table: table, vocabularySize: session.model.configuration.vocabularySize)
    exits = ExitLoop.exits(of: policy, in: session)
    let limit = min(VerifyStep.passRows, session.rowLimit, session.model.uniformRows)
    places = [RoundPosition](repeating: RoundPosition(), count: limit)
    let width = session.model.configuration.width
    rows = (0..<limit).map { _ in TokenDecider(policy: policy, width: width) }
  }

  var verification: DraftingSummary? {
    var summary = summary
    // The round that is under way has not been counted.
    if hasRound { summary.accepted += current }
    return summary
  }

  func logits() -> UnsafeBufferPointer<Float> {
    let row = waiting + asked
    if !next.holdsLogits(row: row) {
      let last = (asked..<count).prefix { places[$0].run == nil }.last ?? asked
      next.prepareLogits(rows: row..<waiting + last + 1)
    }
    return next.logits(row: row)
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
      if let run = places[current].run {
        conclude()
        return run
      }
      goDeeper()
    }
  }

  /// Tokens of the round.
  private var count: Int { drafts.count + 1 }

  private func beginRound(_ token: Int32, index: Int) throws(ModelError) {
    drafts.removeAll(keepingCapacity: true)
    (current, reached, waiting) = (0, 0, session.rowCount)
    next.beginRound()
    try session.append(CollectionOfOne(token))
    let free = min(session.rowLimit, session.model.uniformRows, session.capacity - session.position) - waiting
    var plan = DraftBudget(record.outlook(rows: max(1, min(places.count, free))))
    while plan.hasRoom, let draft = drafter.guess(after: drafts, plan: plan), plan.pays(draft.source) {
      plan.add(draft.source)
      drafts.append(draft)
      try session.append(CollectionOfOne(draft.token))
    }
    likely = plan.rowCount(reachedWith: VerifyStep.preparedChance)
    for place in 0..<count {
      rows[place].begin(index + place)
      places[place] = RoundPosition()
    }
    hasRound = true
    summary.rounds += 1
    summary.drafted += drafts.count
  }

  /// Keeps what was confirmed; tokens that left early wait for the other layers, or run through them.
  private func endRound() {
    guard hasRound else { return }
    hasRound = false
    session.keep(waiting + current + 1)
    record.record(drafts, accepted: current)
    summary.accepted += current
    if session.depth == session.depthLimit {
      session.commitFull()
    } else if session.rowCount >= catchUps.deferredRowLimit(of: session) {
      session.advance(to: session.depthLimit)
      session.commitFull()
    }
  }

  /// Takes the round to the next exit, or through the last layer, and asks about each token that has not left.
  private func goDeeper() {
    keepConclusions()
    let exit = reached < exits.count ? exits[reached] : nil
    let started = clock.now
    session.advance(to: exit ?? session.depthLimit)
    if reached == 0 {
      let layers = exit ?? session.depthLimit
      let seconds = (clock.now - started) / .seconds(1)
      catchUps.record(rows: count, seconds: seconds, layers: layers, of: session.depthLimit)
      record.record(rows: count, seconds: seconds * Double(session.depthLimit) / Double(layers))
    }
    reached += 1
    for place in current..<count where places[place].run == nil {
      asked = place
      guard let exit else {
        places[place].run = TokenExit(depth: session.depthLimit, confidence: rows[place].confidence)
        continue
      }
      if rows[place].leaves(session, row: waiting + place, logits: self) {
        places[place].run = TokenExit(depth: exit, confidence: rows[place].confidence)
      }
    }
  }

  /// Finds what chooses the token after the current one.
  private func conclude() {
    if let conclusion = places[current].conclusion { return next.take(conclusion) }
    prepare(from: current)
    next.conclude(row: waiting + current)
  }

  /// Finds what chooses the tokens after those that leave where the round is, before it goes deeper.
  private func keepConclusions() {
    var isPrepared = false
    for place in current..<count where places[place].run != nil && places[place].conclusion == nil {
      if !isPrepared { prepare(from: place) }
      isPrepared = true
      places[place].conclusion = next.conclusion(row: waiting + place)
    }
  }

  /// Lets the likely places that leave where the round is, from `first` on, share one read of the head.
  private func prepare(from first: Int) {
    let last = (first..<max(first, min(likely, count))).prefix {
      places[$0].run != nil && places[$0].conclusion == nil
    }
    next.prepare(rows: waiting + first..<waiting + max(first, last.upperBound))
  }
}
