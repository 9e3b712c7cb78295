import RouterCheckpoint
import RouterExit
import RouterModel

// What runs.
extension DecodingBatch {
  /// Runs layers on rows of all sequences, as many at a time as the runner takes.
  func perform(_ run: SweepPlanner.Run) {
    let started = clock.now
    for part in parts(of: run.rows.filter(\.onlyStores)) {
      runner.storeKeysAndValues(layer: run.layers.lowerBound, of: batch(part))
    }
    let running = run.rows.filter { !$0.onlyStores }
    for part in parts(of: running) { runner.run(layers: run.layers, on: batch(part)) }
    for rows in run.rows {
      sequences[rows.member / 2].rows.record(LayerRun(layers: run.layers, rows: rows.rows))
    }
    let count = running.reduce(0) { $0 + $1.rows.count }
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
          rows: run.rows.map { ($0.member / 2, $0.rows.count) }))
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
  func arrive(_ run: SweepPlanner.Run, _ planner: inout SweepPlanner) {
    let indices = run.arrived.filter { $0 % 2 == 0 }.map { $0 / 2 }
    guard !indices.isEmpty else { return }
    let depth = run.layers.upperBound
    var left: [(sequence: DecodingSequence, position: Int)] = []
    var deciding: [(sequence: DecodingSequence, position: Int)] = []
    for sequence in indices.map({ sequences[$0] }) where sequence.promptChunk == 0 {
      sequence.arrive()
      if case .decisions(let positions) = sequence.round?.need {
        deciding += positions.map { (sequence, $0) }
      } else if depth < sequence.rows.depthLimit {
        left += sequence.positionsLeft(at: depth).map { (sequence, $0) }
      }
    }
    left += decide(deciding, depth: depth)
    // At the end of the layers those stay for the full head that a policy did not let go.
    for sequence in indices.map({ sequences[$0] }) where depth == sequence.rows.depthLimit {
      left += sequence.positionsLeft(at: depth).filter { position in
        !left.contains { $0.sequence === sequence && $0.position == position }
      }.map { (sequence, $0) }
    }
    keepHeadInputs(of: left, depth: depth)
    for index in indices where sequences[index].promptChunk > 0 { endPrompt(sequences[index], depth: depth) }
    for index in indices {
      addRound(sequences[index], index, to: &planner)
      addRest(of: sequences[index], index, to: &planner)
    }
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
          let head = sequence.settings.head == .narrow ? " by the narrow head" : ""
          let confidence = head + (decision.confidence.map { " at confidence \($0)" } ?? "")
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
  func propagate() {
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
}
