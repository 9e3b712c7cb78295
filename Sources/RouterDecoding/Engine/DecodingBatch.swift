import RouterCheckpoint
import RouterExit
import RouterModel
import RouterTensor

/// Sequences that are decoded together: one sweep through the layers for all of them. One thread uses it.
///
/// What a sequence says does not depend on its neighbours: rows do not meet in any product, and decisions, choices and
/// keys and values are each sequence's own. So sequences may come and go at any time, and an answer in a batch is the
/// answer alone, bit for bit.
package final class DecodingBatch {
  package let language: LanguageModel
  package let pool: KeyValuePool
  /// In the order in which they came.
  package private(set) var sequences: [DecodingSequence] = []
  private let runner: ModelRunner
  private let reader: HeadReader
  private let asked: AskedLogits
  private let costs: SweepCosts
  private let clock = ContinuousClock()
  /// Whether reports say which layers ran for whom, and what became of it.
  package var isTraced = false
  private var report = SweepReport()
  /// Layers times rows that have run in this sweep.
  private var layerRows = 0

  /// Rows of a sweep at most.
  package static let rowLimit = ModelRunner.maximumRows

  /// - Parameter pool: nil for one of its own without a limit.
  package init(_ language: LanguageModel, pool: KeyValuePool? = nil) {
    self.language = language
    self.pool = pool ?? KeyValuePool(KeyValueLayout(of: language.model))
    runner = ModelRunner(of: language.model, rowLimit: Self.rowLimit)
    costs = language.sweepCosts
    reader = HeadReader(runner)
    asked = AskedLogits(runner, reader)
  }

  /// Adds a sequence, which joins the next sweep.
  ///
  /// - Throws: ``GenerationError`` if the request does not fit the model, `overloaded` if the pool has no room now.
  @discardableResult
  package func add(_ request: GenerationRequest) throws(GenerationError) -> DecodingSequence {
    let sequence = try DecodingSequence(request, on: language, in: pool)
    sequences.append(sequence)
    return sequence
  }

  /// Takes a sequence out; its pages are free once nobody holds it.
  package func remove(_ sequence: DecodingSequence) { sequences.removeAll { $0 === sequence } }

  /// Moves all sequences on: each by a part of its prompt, or by a token or more. Those that are finished then are no
  /// longer in the batch.
  @discardableResult
  package func sweep() -> SweepReport {
    let started = clock.now
    report = SweepReport()
    report.sequences = sequences.count
    layerRows = 0
    reader.beginSweep()
    var planner = beginSweep()
    let drafts = report.drafts
    while let run = planner.next() {
      perform(run)
      arrive(run, &planner)
    }
    propagate()
    chooseTokens()
    for (index, sequence) in sequences.enumerated() {
      sequence.forgetResults()
      sequence.endRound()
      sequence.settle()
      if isTraced, sequence.writer.isFinished { report.notes.append("#\(index) ends") }
    }
    sequences.removeAll(where: \.isFinished)
    report.seconds = (clock.now - started) / .seconds(1)
    report.drafts = drafts
    costs.recordSweep(
      rows: report.rows, promptRows: report.promptRows, seconds: report.seconds,
      isWhole: layerRows == report.rows * language.layerCount)
    return report
  }
}

// Who takes part.
extension DecodingBatch {
  /// Begins rounds and chunks of prompts, with the drafts that pay.
  private func beginSweep() -> SweepPlanner {
    let deferred = costs.cheapestRowCount
    for sequence in sequences { sequence.beginRound(deferredRows: deferred) }
    addDrafts()
    beginPrompts()
    var planner = SweepPlanner()
    for (index, sequence) in sequences.enumerated() where sequence.failure == nil {
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

  /// What a head costs in sweeps of one row, by the bytes that are read.
  private var headShare: Double {
    let weights = language.model.weights
    let share =
      Double(weights.head.byteCount) / Double(max(1, weights.layers.reduce(0) { $0 + $1.byteCount }))
    return runner.hasHeadScreen ? share / 2 : share
  }

  /// Deals this sweep's rows to prompts, in the order in which they came.
  private func beginPrompts() {
    let waiting = sequences.filter { $0.promptLeft > 0 && $0.failure == nil }
    guard !waiting.isEmpty else { return }
    let budget = PromptBudget.rows(beside: report.rows, costs: costs, limit: Self.rowLimit)
    for (sequence, rows) in zip(waiting, PromptBudget.deal(budget, to: waiting.map(\.promptLeft)))
    where rows > 0 {
      sequence.beginPrompt(rows)
      report.promptRows += rows
    }
  }

  /// Prompt tokens only leave keys and values in the last layer, but for the very last, which the head is asked about.
  private func addPrompt(_ sequence: DecodingSequence, _ index: Int, to planner: inout SweepPlanner) {
    let layers = [0..<sequence.rows.depthLimit]
    let all = 0..<sequence.promptChunk
    let storing = sequence.isPromptEnding ? all.dropLast() : all
    if !storing.isEmpty {
      planner.add(.init(member: 2 * index, rows: storing, endsWithKeysAndValues: true), layers: layers)
    }
    if sequence.isPromptEnding { planner.add(.init(member: 2 * index, rows: all.suffix(1)), layers: layers) }
  }

  /// Adds the layers that a round needs, for its rows and those that wait before them.
  private func addRound(_ sequence: DecodingSequence, _ index: Int, to planner: inout SweepPlanner) {
    guard case .layers(let depth) = sequence.round?.need else { return }
    let first = sequence.isCatchingUp ? sequence.waitingCount : 0
    for run in sequence.rows.ledger.lacking(to: depth, rows: first..<sequence.rows.rowCount) {
      planner.add(.init(member: 2 * index, rows: run.rows), layers: [run.layers])
    }
  }
}

// What runs.
extension DecodingBatch {
  /// Runs layers on rows of all sequences, as many at a time as the runner takes.
  private func perform(_ run: SweepPlanner.Run) {
    let started = clock.now
    var count = 0
    for part in parts(of: run.stored) {
      runner.storeKeysAndValues(layer: run.layers.upperBound - 1, of: batch(part), layout: pool.layout)
    }
    for part in parts(of: run.rows) {
      let batch = batch(part)
      count += batch.count
      runner.run(layers: run.layers, on: batch, layout: pool.layout)
    }
    for rows in run.rows + run.stored {
      sequences[rows.member / 2].rows.record(LayerRun(layers: run.layers, rows: rows.rows))
    }
    layerRows += count * run.layers.count
    if report.promptRows == 0 {
      let share = Double(run.layers.count) / Double(language.layerCount)
      // What is short is mostly noise.
      if share >= 0.25 {
        costs.recordLayers(rows: count, seconds: (clock.now - started) / .seconds(1), share: share)
      }
    }
    if isTraced {
      report.runs.append(
        SweepReport.Run(
          layers: run.layers.lowerBound + 1...run.layers.upperBound,
          rows: (run.rows + run.stored).map { ($0.member / 2, $0.rows.count) }))
    }
  }

  /// Rows in parts that the runner takes at a time; those of one member stay together.
  private func parts(of rows: [SweepPlanner.Rows]) -> [ArraySlice<SweepPlanner.Rows>] {
    var parts: [ArraySlice<SweepPlanner.Rows>] = []
    var (start, count) = (0, 0)
    for (index, entry) in rows.enumerated() {
      if count + entry.rows.count > Self.rowLimit && count > 0 {
        parts.append(rows[start..<index])
        (start, count) = (index, 0)
      }
      count += entry.rows.count
    }
    if start < rows.count { parts.append(rows[start...]) }
    return parts
  }

  private func batch(_ rows: ArraySlice<SweepPlanner.Rows>) -> RowBatch {
    var batch = RowBatch()
    for entry in rows { batch.append(sequences[entry.member / 2].rows, rows: entry.rows) }
    return batch
  }

  /// Turns to the sequences that have come to the end of what they needed, until each goes on or waits for the head.
  private func arrive(_ run: SweepPlanner.Run, _ planner: inout SweepPlanner) {
    let indices = run.arrived.filter { $0 % 2 == 0 }.map { $0 / 2 }
    guard !indices.isEmpty else { return }
    let depth = run.layers.upperBound
    var left: [(sequence: DecodingSequence, position: Int)] = []
    var deciding: [(sequence: DecodingSequence, position: Int)] = []
    for sequence in indices.map({ sequences[$0] }) where sequence.promptChunk == 0 {
      sequence.arrive()
      if case .decisions(let positions) = sequence.round?.need {
        deciding += positions.map { (sequence, $0) }
      } else {
        left += sequence.positionsLeft(at: depth).map { (sequence, $0) }
      }
    }
    left += decide(deciding, depth: depth)
    keepHeadInputs(of: left, depth: depth)
    for index in indices where sequences[index].promptChunk > 0 { endPrompt(sequences[index], depth: depth) }
    for index in indices { addRound(sequences[index], index, to: &planner) }
  }

  /// Asks policies about rows at an exit; returns those that leave there.
  private func decide(
    _ rows: [(sequence: DecodingSequence, position: Int)], depth: Int
  ) -> [(sequence: DecodingSequence, position: Int)] {
    guard !rows.isEmpty else { return [] }
    asked.begin(rows, depth: depth)
    var left: [(sequence: DecodingSequence, position: Int)] = []
    var (index, decisions): (Int, [(leaves: Bool, confidence: Float?)]) = (0, [])
    while index < rows.count {
      let (sequence, position) = rows[index]
      asked.turn(to: index)
      let decision = sequence.decide(position, depth: depth, logits: asked)
      decisions.append(decision)
      if decision.leaves {
        left.append((sequence, position))
        sequence.keep(asked.result(of: index), after: position)
        if isTraced {
          let confidence = decision.confidence.map { " at confidence \($0)" } ?? ""
          let number = sequences.firstIndex { $0 === sequence } ?? 0
          report.notes.append("#\(number) token \(position) leaves after layer \(depth)\(confidence)")
        }
      }
      index += 1
      if index == rows.count || rows[index].sequence !== sequence {
        sequence.decided(decisions)
        decisions.removeAll(keepingCapacity: true)
      }
    }
    asked.end()
    return left
  }

  /// Keeps what the head reads after rows, before they go deeper with others.
  private func keepHeadInputs(of rows: [(sequence: DecodingSequence, position: Int)], depth: Int) {
    let width = language.model.configuration.width
    for start in stride(from: 0, to: rows.count, by: Self.rowLimit) {
      let part = rows[start..<min(start + Self.rowLimit, rows.count)]
      let inputs = runner.headInput(of: part.map { $0.sequence.state(of: $0.position) }, at: depth)
      for (row, (sequence, position)) in part.enumerated() {
        sequence.headInput(position).update(from: inputs + row * width, count: width)
      }
    }
  }

  /// Accepts a chunk of a prompt, and keeps what the head reads after its last token.
  private func endPrompt(_ sequence: DecodingSequence, depth: Int) {
    if sequence.isPromptEnding {
      let last = sequence.rows.state(row: sequence.promptChunk - 1)
      sequence.headInput(0).update(
        from: runner.headInput(of: [last], at: depth), count: language.model.configuration.width)
    }
    sequence.endPrompt()
  }

  /// Fills the layers that tokens skipped, where they leave keys and values of their hidden state.
  private func propagate() {
    var leavers: [Int: [(sequence: ModelSequence, row: Int)]] = [:]
    for sequence in sequences where sequence.propagates {
      let key = sequence.rows.depth * (language.layerCount + 1) + sequence.rows.depthLimit
      leavers[key, default: []] += (0..<sequence.rows.rowCount).map { (sequence.rows, $0) }
    }
    for rows in leavers.values {
      runner.propagate(rows, to: rows[0].sequence.depthLimit)
      for row in rows where row.row == 0 { row.sequence.fill() }
    }
  }

  /// Reads the head for those who wait for it and chooses tokens, until everybody's round is over or needs layers.
  private func chooseTokens() {
    while true {
      let unread = sequences.flatMap { sequence in
        sequence.unreadPositions.map { (sequence: sequence, position: $0) }
      }
      if !unread.isEmpty {
        let rows = unread.map { sequence, position in
          let (demand, depth) = sequence.demand(after: position)
          return HeadReader.Row(
            input: UnsafePointer(sequence.headInput(position)), depth: depth, demand: demand)
        }
        for ((sequence, position), output) in zip(unread, reader.read(rows)) {
          sequence.keep(output.result, after: position)
          if let missed = output.missedScreen { sequence.note(missed: missed) }
        }
      }
      let choosing = sequences.filter(\.canChoose)
      let drafted = addExitDrafts()
      guard !choosing.isEmpty || drafted else { return }
      choose(choosing)
    }
  }

  /// Lets sequences choose, each on a thread: samplers that look at all logits take long.
  private func choose(_ sequences: [DecodingSequence]) {
    let before = sequences.reduce(0) { $0 + $1.writer.count }
    if sequences.count < 2 {
      for sequence in sequences { sequence.choose() }
    } else {
      language.model.matmul.team.run(chunks: sequences.count) { sequences[$0].choose() }
    }
    report.tokens += sequences.reduce(0) { $0 + $1.writer.count } - before
  }

  /// Adds what exits say as drafts, where they pay; returns whether any sequence was waiting for one.
  private func addExitDrafts() -> Bool {
    var found = false
    for sequence in sequences {
      guard case .draft = sequence.round?.need else { continue }
      found = true
      if let draft = sequence.takeExitDraft(), sequence.hasRoomForDraft {
        sequence.add(draft)
      } else {
        sequence.endDrafting()
      }
    }
    return found
  }
}
