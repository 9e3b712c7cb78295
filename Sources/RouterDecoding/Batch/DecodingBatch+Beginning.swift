import RouterModel
import RouterTensor

// Who takes part.
extension DecodingBatch {
  /// Begins rounds and chunks of prompts, with the drafts that pay.
  func beginSweep() -> SweepPlanner {
    // Many sequences are together without waiting.
    let deferred = max(1, costs.cheapestRowCount / max(1, runningCount))
    for sequence in sequences where !sequence.isParked { sequence.beginRound(deferredRows: deferred) }
    addDrafts()
    beginPrompts()
    var planner = SweepPlanner()
    for (index, sequence) in sequences.enumerated() where sequence.failure == nil && !sequence.isParked {
      if sequence.promptChunk > 0 {
        addPrompt(sequence, index, to: &planner)
      } else {
        addRound(sequence, index, to: &planner)
        guard sequence.isCatchingUp else { continue }
        let waiting = 0..<sequence.waitingCount
        for run in sequence.rows.ledger.lacking(to: sequence.rows.depthLimit, rows: waiting) {
          planner.add(.init(member: 2 * index + 1, rows: run.rows), layers: [run.layers])
        }
      }
    }
    return planner
  }

  /// Adds drafts to rounds that begin, the likeliest first over all sequences, while one more row pays for itself.
  private func addDrafts() {
    let running = sequences.filter { $0.round != nil && $0.failure == nil }
    guard running.contains(where: { $0.statistics != nil }) else {
      report.rows = running.count
      return
    }
    var budget = DraftBudget(
      costs: costs.costs, rows: running.reduce(0) { $0 + ($1.round?.runningCount ?? 0) })
    var candidates = running.map { (sequence: $0, next: $0.nextDraft()) }
    while let best = candidates.indices.max(by: {
      (candidates[$0].next?.chance ?? -1) < (candidates[$1].next?.chance ?? -1)
    }), let next = candidates[best].next, budget.pays(next.chance) {
      budget.add(next.chance)
      candidates[best].sequence.add(next.draft)
      report.drafts += 1
      candidates[best].next = candidates[best].sequence.nextDraft()
    }
    for sequence in running { considerExitDraft(sequence, budget) }
    report.rows = budget.rows
  }

  /// Ends a round's drafting at exits where the next draft does not pay.
  private func considerExitDraft(_ sequence: DecodingSequence, _ budget: DraftBudget) {
    guard sequence.settings.meaning == .drafting, let first = sequence.settings.exits.first,
      let round = sequence.round, round.isOpen
    else { return }
    let acceptance = sequence.statistics?.acceptance(of: .exit(depth: first)) ?? 0
    let cost = Double(first) / Double(sequence.rows.depthLimit) + headShare
    if !sequence.hasRoomForDraft || !budget.pays(sequence.chances.last * acceptance, extra: cost) {
      sequence.endDrafting()
    }
  }

  /// What a head costs in sweeps of one row.
  private var headShare: Double { runner.hasHeadScreen ? language.headShare / 2 : language.headShare }

  /// Deals this sweep's rows to prompts, in the order in which they came.
  private func beginPrompts() {
    let waiting = sequences.filter { $0.promptLeft > 0 && $0.failure == nil && !$0.isParked }
    guard !waiting.isEmpty else { return }
    // What two prompts have in common is run once: the later one waits for the earlier.
    let reading = waiting.indices.filter { place in
      let sequence = waiting[place]
      guard sequence.isAtBeginning else { return true }
      if waiting[..<place].contains(where: sequence.gains(from:)) { return false }
      sequence.adoptPrefix()
      return true
    }.map { waiting[$0] }
    let budget = PromptBudget.rows(beside: report.rows, costs: costs, limit: Self.rowLimit)
    for (sequence, rows) in zip(reading, PromptBudget.deal(budget, to: reading.map(\.promptLeft))) {
      let rows = sequence.readableCount(of: rows)
      guard rows > 0 else { continue }
      sequence.beginPrompt(rows)
      report.promptRows += rows
    }
  }

  /// Prompt tokens only leave keys and values in the last layer, but for the very last, which the head is asked about.
  private func addPrompt(_ sequence: DecodingSequence, _ index: Int, to planner: inout SweepPlanner) {
    let (member, depth) = (2 * index, sequence.rows.depthLimit)
    let all = 0..<sequence.promptChunk
    planner.add(.init(member: member, rows: all), layers: [0..<depth - 1])
    let storing = sequence.isPromptEnding ? all.dropLast() : all
    if !storing.isEmpty {
      planner.add(.init(member: member, rows: storing, onlyStores: true), layers: [depth - 1..<depth])
    }
    if sequence.isPromptEnding {
      planner.add(.init(member: member, rows: all.suffix(1)), layers: [depth - 1..<depth])
    }
  }

  /// Adds the layers that a token skips which has left, where it need not wait for others to run them with.
  func addRest(of sequence: DecodingSequence, _ index: Int, to planner: inout SweepPlanner) {
    guard sequence.goesOnAtOnce else { return }
    let own = sequence.waitingCount..<sequence.rows.rowCount
    for run in sequence.rows.ledger.lacking(to: sequence.rows.depthLimit, rows: own) {
      planner.add(.init(member: 2 * index + 1, rows: run.rows), layers: [run.layers])
    }
  }

  /// Adds the layers that a round needs, for its rows and those that wait before them.
  func addRound(_ sequence: DecodingSequence, _ index: Int, to planner: inout SweepPlanner) {
    guard case .layers(let depth) = sequence.round?.need else { return }
    let first = sequence.isCatchingUp ? sequence.waitingCount : 0
    for run in sequence.rows.ledger.lacking(to: depth, rows: first..<sequence.rows.rowCount) {
      planner.add(.init(member: 2 * index, rows: run.rows), layers: [run.layers])
    }
  }
}
