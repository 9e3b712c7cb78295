import RouterCheckpoint
import RouterExit
import RouterModel
import RouterTensor

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
      defersLayers = deferredRows > 1
      isCatchingUp = rows.rowCount >= deferredRows
      try rows.append(CollectionOfOne(token))
    } catch {
      return fail(error)
    }
    round = Round(token, settings: settings)
    ownsRows = true
    chances = DraftChances()
    extendDrafter(to: writer.sequence.count)
    beginDecider(0)
    drafting?.rounds += 1
  }

  /// Has drafts looked up in the first `count` tokens of prompt and answer. Those of a round that a preemption ended are
  /// there already.
  func extendDrafter(to count: Int) {
    guard draftableCount < count else { return }
    for token in writer.sequence[draftableCount..<count] { drafter?.append(token) }
    draftableCount = count
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
      depth: depth, layerCount: rows.model.configuration.layerCount, hidden: hidden(of: position),
      logits: logits)
  }

  /// Whether the policy is going to read a position's logits at the exit where it is, as far as that is known.
  func wantsLogits(_ position: Int, depth: Int, logits: any ExitLogits) -> Bool {
    deciders[position].wantsLogits(
      depth: depth, layerCount: rows.model.configuration.layerCount, hidden: hidden(of: position),
      logits: logits) ?? asksForLogits
  }

  private func hidden(of position: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: state(of: position), count: rows.model.configuration.width)
  }

  /// Positions that left at a depth and whose tokens no policy has seen: where the round's layers end.
  func positionsLeft(at depth: Int) -> [Int] {
    guard let round, case .choice(let current) = round.need else { return [] }
    return (current..<round.count).filter { round.positions[$0].exit?.depth == depth && results[$0] == nil }
  }

  /// Whether the newest token has left and its keys and values in the layers that it skipped are still to be made.
  var propagates: Bool {
    guard ownsRows, failure == nil, keyValues == .propagate, settings.meaning == .leaving, let round,
      case .choice = round.need
    else { return false }
    return rows.depth < rows.depthLimit
  }

  /// Whether the newest token has left, is not to be checked against drafts, and runs the layers that it skipped in this
  /// sweep: its neighbours run them too.
  var goesOnAtOnce: Bool {
    guard !defersLayers, ownsRows, failure == nil, keyValues == .exact, settings.meaning == .leaving,
      let round, round.count == 1, case .choice = round.need
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
      statistics?.record(round.outcomes)
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
