import RouterCheckpoint
import RouterExit
import RouterModel
import RouterTensor

/// Speculative decoding: drafts the next tokens and verifies them with all layers, several tokens in one pass.
///
/// A round runs the newest token and drafts of those that follow it. Each draft that is the token which full
/// depth then chooses, by the same sampler with the same random numbers, has been run already; the first that is
/// not ends the round, and what it left in the cache is rolled back. So the answer is full depth's, bit for bit:
/// greedy or sampled, whatever the drafts. Speculative sampling (Leviathan, Kalman and Matias, arXiv 2211.17192)
/// keeps the distribution; comparing with the sampler's own choice keeps each token as well.
///
/// A draft comes from an earlier place in the sequence (prompt lookup), from a table of the model's answers, or from
/// an exit at which a policy lets the token go (self-speculation); the layers below that exit are not run again.
final class VerifyStep: DecodingStep, ExitLogits {
  let head: HeadOutput
  let session: InferenceSession
  private let statistics: AcceptanceStatistics
  private let rowLimit: Int
  /// What a whole head costs in passes of one row, by the bytes that are read.
  private let headShare: Double
  private var exitLoop: ExitLoop
  private var drafter: Drafter
  private var counts = DraftingSummary()
  private let clock = ContinuousClock()

  /// The drafts in flight, behind the round's first token.
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
    session: InferenceSession, policy: (any ExitPolicy)?, table: DraftTable?,
    statistics: AcceptanceStatistics,
    demand: LogitDemand
  ) {
    self.session = session
    drafter = Drafter(table: table, vocabularySize: session.model.configuration.vocabularySize)
    self.statistics = statistics
    rowLimit = min(Self.passRows, session.rowLimit, session.model.uniformRows)
    let weights = session.model.weights
    headShare =
      Double(weights.head.byteCount) / Double(max(1, weights.layers.reduce(0) { $0 + $1.byteCount }))
    head = HeadOutput(session: session, demand: demand)
    exitLoop = ExitLoop(session: session, policy: policy)
  }

  var drafting: DraftingSummary? {
    var summary = counts
    // The round that is under way has not been counted.
    if hasRound { summary.accepted += row }
    return summary
  }

  func logits() -> UnsafeBufferPointer<Float> { head.logits(row: session.rowCount - 1) }

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
    head.conclude(row: row)
    return TokenExit(depth: session.depthLimit, confidence: nil)
  }

  /// Commits what was accepted.
  private func endRound() {
    guard hasRound else { return }
    hasRound = false
    session.commit(row + 1)
    statistics.record(drafts, accepted: row)
    counts.accepted += row
  }

  private func beginRound(_ token: Int32, index: Int) throws(ModelError) {
    drafts.removeAll(keepingCapacity: true)
    row = 0
    head.beginRound()
    try session.begin(CollectionOfOne(token))
    let room = min(rowLimit, session.capacity - session.position)
    var budget = DraftBudget(statistics.estimate(rows: max(1, room)))
    while budget.hasRoom, let draft = draft(index: index + drafts.count, budget: budget) {
      budget.add(draft.source)
      drafts.append(draft)
      try session.append(CollectionOfOne(draft.token))
    }
    let started = clock.now
    let isWhole = session.ledger.depths.allSatisfy { $0 == 0 }
    session.advance(to: session.depthLimit)
    head.prepare(rows: 0..<budget.rowCount(reachedWith: Self.preparedChance))
    if isWhole { statistics.record(rows: session.rowCount, seconds: (clock.now - started) / .seconds(1)) }
    hasRound = true
    counts.rounds += 1
    counts.drafted += drafts.count
  }

  /// A draft of the token after those in flight, if one pays.
  private func draft(index: Int, budget: DraftBudget) -> Draft? {
    if let draft = drafter.draft(after: drafts, budget: budget), budget.pays(draft.source) { return draft }
    return exitDraft(index: index, budget: budget)
  }

  /// What the last token in flight says at the exit where the policy lets it go.
  private func exitDraft(index: Int, budget: DraftBudget) -> Draft? {
    guard let first = exitLoop.exits.first else { return nil }
    let headCost = session.hasHeadScreen ? headShare / 2 : headShare
    let cost = Double(first) / Double(session.depthLimit) + headCost
    guard budget.pays(.exit(depth: first), extra: cost) else { return nil }
    let exit = exitLoop.run(index: index, logits: self)
    guard exit.depth < session.depthLimit else { return nil }
    let row = session.rowCount - 1
    let token =
      session.mostProbableToken(row: row) ?? SoftmaxStatistics.argmax(head.logits(row: row)).map { Int32($0) }
    return token.map { Draft(token: $0, source: .exit(depth: exit.depth)) }
  }
}
