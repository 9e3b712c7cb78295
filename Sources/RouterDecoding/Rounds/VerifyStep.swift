import RouterCheckpoint
import RouterExit
import RouterModel
import RouterTensor

/// Guesses ahead and lets all layers confirm the guesses, several tokens in one pass.
///
/// A round runs the newest token and guesses at those that follow it. Each guess that is the token which full
/// depth then chooses, by the same sampler with the same random numbers, has been run already; the first that is
/// not ends the round, and what it left in the cache is forgotten. So the answer is full depth's, bit for bit:
/// greedy or sampled, whatever the guesses.
///
/// A guess comes from an earlier place in the sequence, from a table of the model's answers, or from an exit at
/// which a policy lets the token go; the layers below that exit are not run again.
final class VerifyStep: DecodingStep, ExitLogits {
  let next: HeadOutput
  let session: InferenceSession
  private let record: AcceptanceStatistics
  private let rowLimit: Int
  /// What a whole head costs in passes of one row, by the bytes that are read.
  private let headShare: Double
  private var walk: ExitLoop
  private var drafter: Drafter
  private var summary = DraftingSummary()
  private let clock = ContinuousClock()

  /// The guesses in flight, behind the round's first token.
  private var drafts: [Draft] = []
  /// The row after which a token was last chosen.
  private var row = 0
  private var hasRound = false

  /// Probability to be reached from which a row's head is computed along with the others': about what it costs
  /// so, over what it costs alone.
  static let preparedChance = 0.15

  /// Rows that a pass takes at most: beyond about eight they are no longer nearly free.
  static let passRows = PassCostCurve.defaultCosts.count

  init(
    session: InferenceSession, policy: (any ExitPolicy)?, table: DraftTable?, record: AcceptanceStatistics,
    demand: LogitDemand
  ) {
    self.session = session
    drafter = Drafter(table: table, vocabularySize: session.model.configuration.vocabularySize)
    self.record = record
    rowLimit = min(Self.passRows, session.rowLimit, session.model.uniformRows)
    let weights = session.model.weights
    headShare =
      Double(weights.head.byteCount) / Double(max(1, weights.layers.reduce(0) { $0 + $1.byteCount }))
    next = HeadOutput(session: session, demand: demand)
    walk = ExitLoop(session: session, policy: policy)
  }

  var verification: DraftingSummary? {
    var summary = summary
    // The round that is under way has not been counted.
    if hasRound { summary.accepted += row }
    return summary
  }

  func logits() -> UnsafeBufferPointer<Float> { next.logits(row: session.rowCount - 1) }

  func prefill(_ tokens: ArraySlice<Int32>, isLast: Bool) throws(ModelError) {
    try runPrompt(tokens, isLast: isLast)
    for token in tokens { drafter.append(token) }
  }

  func run(_ token: Int32, index: Int) throws(ModelError) -> TokenExit {
    drafter.append(token)
    if hasRound, row < drafts.count, drafts[row].token == token {
      row += 1
    } else {
      endRound()
      try beginRound(token, index: index)
    }
    next.conclude(row: row)
    return TokenExit(depth: session.depthLimit, confidence: nil)
  }

  /// Keeps what was confirmed.
  private func endRound() {
    guard hasRound else { return }
    hasRound = false
    session.commit(row + 1)
    record.record(drafts, accepted: row)
    summary.accepted += row
  }

  private func beginRound(_ token: Int32, index: Int) throws(ModelError) {
    drafts.removeAll(keepingCapacity: true)
    row = 0
    next.beginRound()
    try session.begin(CollectionOfOne(token))
    let room = min(rowLimit, session.capacity - session.position)
    var plan = DraftBudget(record.outlook(rows: max(1, room)))
    while plan.hasRoom, let draft = draft(index: index + drafts.count, plan: plan) {
      plan.add(draft.source)
      drafts.append(draft)
      try session.append(CollectionOfOne(draft.token))
    }
    let started = clock.now
    let isWhole = session.ledger.depths.allSatisfy { $0 == 0 }
    session.advance(to: session.depthLimit)
    next.prepare(rows: 0..<plan.rowCount(reachedWith: Self.preparedChance))
    if isWhole { record.record(rows: session.rowCount, seconds: (clock.now - started) / .seconds(1)) }
    hasRound = true
    summary.rounds += 1
    summary.drafted += drafts.count
  }

  /// A guess at the token after those in flight, if one pays.
  private func draft(index: Int, plan: DraftBudget) -> Draft? {
    if let draft = drafter.guess(after: drafts, plan: plan), plan.pays(draft.source) { return draft }
    return spoken(index: index, plan: plan)
  }

  /// What the last token in flight says at the exit where the policy lets it go.
  private func spoken(index: Int, plan: DraftBudget) -> Draft? {
    guard let first = walk.exits.first else { return nil }
    let head = session.hasHeadScreen ? headShare / 2 : headShare
    let cost = Double(first) / Double(session.depthLimit) + head
    guard plan.pays(.exit(depth: first), extra: cost) else { return nil }
    let run = walk.run(index: index, logits: self)
    guard run.depth < session.depthLimit else { return nil }
    let row = session.rowCount - 1
    let token =
      session.mostProbableToken(row: row) ?? SoftmaxStatistics.argmax(next.logits(row: row)).map { Int32($0) }
    return token.map { Draft(token: $0, source: .exit(depth: run.depth)) }
  }
}
