import RouterCheckpoint
import RouterTensor

/// One sequence with a runner and a pool of its own: for work that goes through one text at a time.
///
/// A round is `begin` (embed one or more tokens), `advance` (run layers, once or in steps), optionally
/// `logits`, then `commit`. Tokens may be appended to a round: they run alone up to where others wait for them,
/// and then along with those. One thread at a time uses a session.
package final class InferenceSession {
  /// What the model keeps of the sequence.
  package let sequence: ModelSequence
  private let runner: ModelRunner

  /// Tokens that one round takes at most.
  package static let maximumRows = ModelRunner.maximumRows

  /// Makes room for `capacity` positions.
  ///
  /// - Parameters:
  ///   - depthLimit: run only layers 1 ... `depthLimit`; nil for all that are loaded.
  ///   - cacheElement: element type of keys and values; nil for ``LlamaModel/fittingCacheElement``.
  /// - Throws: ``ModelError`` `contextOverflow` if `capacity` exceeds the model's context, `unknownExit` if
  ///   `depthLimit` is not an exit.
  package init(
    model: LlamaModel, capacity: Int, depthLimit: Int? = nil, cacheElement: CacheElement? = nil
  ) throws(ModelError) {
    sequence = try ModelSequence(
      of: model, in: KeyValuePool(KeyValueLayout(of: model, element: cacheElement)), capacity: capacity,
      depthLimit: depthLimit)
    runner = ModelRunner(of: model, rowLimit: min(Self.maximumRows, capacity))
  }

  package var model: LlamaModel { sequence.model }
  /// Positions that the sequence can hold.
  package var capacity: Int { sequence.capacity }
  /// Layers that this sequence ever runs: the deepest exit it may use.
  package var depthLimit: Int { sequence.depthLimit }
  /// Which layers have the keys and values of which positions.
  package var ledger: KeyValueLedger { sequence.ledger }
  /// Positions whose keys and values are complete.
  package var position: Int { sequence.position }
  /// Tokens in flight, T.
  package var rowCount: Int { sequence.rowCount }
  /// Layers that the last token in flight has run; 0 without one.
  package var depth: Int { sequence.depth }
  /// Tokens that can be in flight at a time.
  package var rowLimit: Int { runner.rowLimit }

  /// f32 `[T, D]`: the residual stream of each token in flight after the layers that it has run, before the
  /// final norm. Valid until the next call.
  package var hidden: UnsafeBufferPointer<Float> { sequence.hidden }

  /// f32 `[D]`: one row of ``hidden``.
  package func hidden(row: Int) -> UnsafeBufferPointer<Float> { sequence.hidden(row: row) }

  /// Takes the tokens that follow the committed positions in flight, at depth 0, in place of those that are.
  ///
  /// - Throws: ``ModelError`` `contextOverflow` or `unknownToken`; the session is unchanged then.
  package func begin(_ tokens: some Collection<Int32>) throws(ModelError) {
    try sequence.begin(tokens)
    precondition(rowCount <= rowLimit, "at most \(rowLimit) tokens a round")
  }

  /// Takes the tokens that follow those in flight in flight as well, at depth 0.
  ///
  /// - Throws: ``ModelError`` `contextOverflow` or `unknownToken`; the session is unchanged then.
  package func append(_ tokens: some Collection<Int32>) throws(ModelError) {
    try sequence.append(tokens)
  }

  /// Runs layers ``depth`` + 1 ... `target` on the last token in flight, and on every other that lacks them.
  package func advance(to target: Int) {
    precondition(target >= depth && target <= depthLimit, "layer \(target) after layer \(depth)")
    while let run = ledger.nextRun(to: target) { perform(run) }
  }

  private func perform(_ run: LayerRun) {
    runner.run(layers: run.layers, on: batch(run.rows))
    sequence.record(run)
  }

  private func batch(_ rows: Range<Int>) -> RowBatch {
    var batch = RowBatch()
    batch.append(sequence, rows: rows)
    return batch
  }

  /// Runs all layers on the tokens in flight, which have run none, for what follows them: keys and values of all,
  /// and the state of the last. The states of the others are left as the layer before the last made them.
  package func advanceForLast() {
    precondition(depth == 0, "\(depth) layers have run")
    advance(to: depthLimit - 1)
    guard let run = ledger.nextRun(to: depthLimit) else { return }
    runner.storeKeysAndValues(layer: depthLimit - 1, of: batch(run.rows.dropLast()))
    runner.run(layers: run.layers, on: batch(run.rows.suffix(1)))
    sequence.record(run)
  }

  /// Fills the keys and values of the layers that the tokens in flight did not run, from their hidden state. Then
  /// commits.
  ///
  /// - Precondition: the tokens in flight have run the same layers.
  package func propagateAndCommit() {
    if depth < depthLimit {
      runner.propagate((0..<rowCount).map { (sequence, $0) }, to: depthLimit)
    }
    sequence.fill()
    commit(rowCount)
  }

  /// Accepts the tokens in flight, which have run all layers of this session.
  package func commitFull() { sequence.commitFull() }

  /// Accepts the first `count` tokens in flight, which have run all layers of this session, and forgets the rest.
  package func commit(_ count: Int) { sequence.commit(count) }

  /// Forgets the positions from `position` on, and the tokens in flight.
  package func rollBack(to position: Int) { sequence.rollBack(to: position) }
}

// What the head says of the tokens in flight.
extension InferenceSession {
  /// f32 `[rows.count, D]`: the states as the head reads them, after the adapter of the exit where they are, if it
  /// has one, and the shared norm. Valid until the next call.
  ///
  /// - Parameter rows: rows in flight that have run the same layers, a range within `0 ..< rowCount`.
  package func headInput(rows: Range<Int>) -> UnsafePointer<Float> {
    runner.headInput(of: rows.map(sequence.state(row:)), at: depth(of: rows))
  }

  /// Logits where rows are: the exit's adapter if it has one, shared final norm, then the shared head or
  /// the exit's own.
  ///
  /// - Parameters:
  ///   - rows: rows in flight that have run the same layers, a range within `0 ..< rowCount`.
  ///   - output: f32 `[rows.count, V]`.
  package func logits(rows: Range<Int>, into output: UnsafeMutablePointer<Float>) {
    runner.logits(
      of: headInput(rows: rows), count: rows.count, head: runner.head(at: depth(of: rows)), into: output)
  }

  /// Logits where rows are by the narrow head, as ``ModelRunner/narrowLogits(of:count:into:)`` has them; those of an exit
  /// with a head of its own are full.
  ///
  /// - Parameters:
  ///   - rows: rows in flight that have run the same layers, at most ``ModelRunner/narrowLimit``.
  ///   - output: f32 `[rows.count, V]`.
  package func narrowLogits(rows: Range<Int>, into output: UnsafeMutablePointer<Float>) {
    guard model.weights.exitHeads[depth(of: rows)] == nil else { return logits(rows: rows, into: output) }
    runner.narrowLogits(of: headInput(rows: rows), count: rows.count, into: output)
  }

  /// The most probable token at a row's depth, the lowest id among equals: the one that `logits` would have.
  ///
  /// - Parameter row: a row in flight.
  /// - Returns: nil if the head has no screen, or not yet, or if a logit may not be finite; ask for `logits` then.
  package func mostProbableToken(row: Int) -> Int32? {
    scan(rows: row..<row + 1).flatMap { runner.mostProbableTokens($0, rows: [0])[0] }
  }

  /// The most probable tokens of several rows, with one read of the head's screen.
  ///
  /// - Parameter rows: rows in flight that have run the same layers, at most ``ModelRunner/scanLimit``.
  /// - Returns: for each row as ``mostProbableToken(row:)``.
  package func mostProbableTokens(rows: Range<Int>) -> [Int32?] {
    guard let scan = scan(rows: rows) else { return rows.map { _ in nil } }
    return runner.mostProbableTokens(scan, rows: Array(0..<rows.count))
  }

  /// The largest logits at a row's depth, those that `logits` would have.
  ///
  /// - Parameters:
  ///   - row: a row in flight.
  ///   - output: f32 `[V]`: the wanted logits and some others, and the least f32 in place of the rest.
  /// - Returns: false if the screen of the head cannot tell them for less than `logits`; ask for those then.
  package func leadingLogits(
    _ wanted: LeadingEntries, row: Int, into output: UnsafeMutablePointer<Float>
  ) -> Bool {
    scan(rows: row..<row + 1).map { runner.leadingLogits(wanted, $0, row: 0, into: output) } ?? false
  }

  /// What the shared head's screen says of rows; an exit with a head of its own has none.
  private func scan(rows: Range<Int>) -> HeadScan? {
    guard model.weights.exitHeads[depth(of: rows)] == nil else { return nil }
    return runner.scan(headInput(rows: rows), count: rows.count)
  }

  /// The layers that rows in flight, at least one, have run.
  private func depth(of rows: Range<Int>) -> Int {
    precondition(rows.lowerBound >= 0 && rows.upperBound <= rowCount, "rows \(rows) of \(rowCount)")
    let depths = ledger.depths[rows]
    guard let depth = depths.first else { return self.depth }
    precondition(depths.last == depth, "rows \(rows) have run \(depths) layers")
    return depth
  }
}
