import RouterCheckpoint
import RouterTensor

/// The mutable state of one sequence: key/value cache, residual stream of the tokens in flight, scratch.
///
/// A round is `begin` (embed one or more tokens), `advance` (run layers, once or in steps), optionally
/// `logits`, then `commit`. Tokens may be appended to a round: they run alone up to where others wait for them,
/// and then along with those. One thread at a time uses a session.
package final class InferenceSession {
  package let model: LlamaModel
  /// Positions that the sequence can hold.
  package let capacity: Int
  /// Layers that this sequence ever runs: the deepest exit it may use.
  package let depthLimit: Int
  /// Which layers have the keys and values of which positions.
  package private(set) var ledger: KeyValueLedger {
    // Rows in flight are others now, or have run other layers.
    didSet { headScan = nil }
  }
  /// The rows in flight that run now.
  private(set) var active = 0..<0

  let caches: [KeyValueCache]
  let rotary: RotaryTable
  let scratch: SessionScratch
  /// f32 `[blocks, partRows, H, K + 2]`: what blocks of the cache contribute to rows, before it is joined.
  let parts: AlignedBuffer
  let propagation: PropagationScratch
  /// Made when the head's screen is first used.
  var screenScratch: ScreenScratch?
  /// Rows in flight whose head the screen has been read for; nil without any.
  var headScan: HeadScan?

  /// Tokens that one round takes at most.
  package static let maximumRows = 256

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
    let configuration = model.configuration
    guard capacity > 0, capacity <= configuration.contextLength else {
      throw ModelError(
        .contextOverflow,
        "\(capacity) positions were asked for; the model's context has \(configuration.contextLength)",
        remedy: "Shorten the prompt or ask for fewer new tokens.")
    }
    if let depthLimit, !model.exits.contains(depthLimit) {
      throw ModelError(
        .unknownExit, "the model has no exit after layer \(depthLimit)",
        remedy: "Choose one of \(model.exits.map(String.init).joined(separator: ", ")).")
    }
    self.model = model
    self.capacity = capacity
    let limit = depthLimit ?? model.layerCount
    self.depthLimit = limit
    ledger = KeyValueLedger(layerCount: limit)
    caches = KeyValueCache.layers(
      limit, configuration: configuration, capacity: capacity,
      element: cacheElement ?? model.fittingCacheElement)
    rotary = model.rotaryTable(positions: capacity)
    scratch = SessionScratch(configuration: configuration, rows: min(Self.maximumRows, capacity))
    let blockCount = (capacity + AttentionCache.blockPositions - 1) / AttentionCache.blockPositions
    parts = AlignedBuffer(
      byteCount: blockCount * Self.partRows * configuration.headCount * (configuration.headWidth + 2) * 4)
    propagation = PropagationScratch(configuration: configuration, layers: limit)
  }

  /// Positions whose keys and values are complete.
  package var position: Int { ledger.complete }
  /// Tokens in flight, T.
  package var rowCount: Int { ledger.depths.count }
  /// Layers that the last token in flight has run; 0 without one.
  package var depth: Int { ledger.depths.last ?? 0 }
  /// Tokens that can be in flight at a time.
  package var rowLimit: Int { scratch.rows }

  /// f32 `[T, D]`: the residual stream of each token in flight after the layers that it has run, before the
  /// final norm. Valid until the next call.
  package var hidden: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: scratch.hidden, count: rowCount * model.configuration.width)
  }

  /// f32 `[D]`: one row of ``hidden``.
  package func hidden(row: Int) -> UnsafeBufferPointer<Float> {
    precondition(row >= 0 && row < rowCount, "row \(row) of \(rowCount)")
    let width = model.configuration.width
    return UnsafeBufferPointer(start: scratch.hidden + row * width, count: width)
  }

  /// Takes the tokens that follow the committed positions in flight, at depth 0, in place of those that are.
  ///
  /// - Throws: ``ModelError`` `contextOverflow` or `unknownToken`; the session is unchanged then.
  package func begin(_ tokens: some Collection<Int32>) throws(ModelError) {
    try check(tokens, after: position)
    ledger.rollBack(to: position)
    embed(tokens)
  }

  /// Takes the tokens that follow those in flight in flight as well, at depth 0.
  ///
  /// - Throws: ``ModelError`` `contextOverflow` or `unknownToken`; the session is unchanged then.
  package func append(_ tokens: some Collection<Int32>) throws(ModelError) {
    try check(tokens, after: ledger.reach)
    embed(tokens)
  }

  private func check(_ tokens: some Collection<Int32>, after reach: Int) throws(ModelError) {
    guard reach + tokens.count <= capacity else {
      throw ModelError(
        .contextOverflow, "the sequence has room for \(capacity) positions and \(reach) are taken",
        remedy: "Shorten the prompt or ask for fewer new tokens.")
    }
    precondition(reach - position + tokens.count <= scratch.rows, "at most \(scratch.rows) tokens a round")
    if let bad = tokens.first(where: { $0 < 0 || $0 >= model.configuration.vocabularySize }) {
      throw ModelError(
        .unknownToken, "token id \(bad) is outside the vocabulary of \(model.configuration.vocabularySize)",
        remedy: "Encode the text with this model's tokenizer.")
    }
  }

  private func embed(_ tokens: some Collection<Int32>) {
    let first = rowCount
    for (row, token) in tokens.enumerated() {
      model.weights.embedding.decodeRow(
        Int(token), into: scratch.hidden + (first + row) * model.configuration.width)
    }
    ledger.append(tokens.count)
  }

  /// Runs layers ``depth`` + 1 ... `target` on the last token in flight, and on every other that lacks them.
  package func advance(to target: Int) {
    precondition(target >= depth && target <= depthLimit, "layer \(target) after layer \(depth)")
    while let run = ledger.nextRun(to: target) {
      active = run.rows
      for layer in run.layers { self.run(layer: layer) }
      ledger.record(run)
    }
  }

  /// Runs all layers on the tokens in flight, which have run none, for what follows them: keys and values of all,
  /// and the state of the last. The states of the others are left as the layer before the last made them.
  package func advanceForLast() {
    precondition(depth == 0, "\(depth) layers have run")
    advance(to: depthLimit - 1)
    guard let run = ledger.nextRun(to: depthLimit) else { return }
    active = run.rows.dropLast()
    if !active.isEmpty { storeKeysAndValues(layer: depthLimit - 1) }
    active = run.rows.suffix(1)
    self.run(layer: depthLimit - 1)
    ledger.record(run)
  }

  /// Fills the keys and values of the layers that the tokens in flight did not run, from their hidden state:
  /// each skipped layer's own norm, W_K and W_V (CALM, arXiv 2207.07061, section 3.1). Then commits.
  ///
  /// - Precondition: the tokens in flight have run the same layers.
  package func propagateAndCommit() {
    precondition(ledger.depths.allSatisfy { $0 == depth }, "\(ledger.depths)")
    if depth < depthLimit { propagate() }
    ledger.fill()
    commit(rowCount)
  }

  /// Accepts the tokens in flight, which have run all layers of this session.
  package func commitFull() {
    precondition(depth == depthLimit, "only \(depth) of \(depthLimit) layers have run")
    commit(rowCount)
  }

  /// Accepts the first `count` tokens in flight, which have run all layers of this session, and forgets the rest.
  package func commit(_ count: Int) { ledger.commit(count) }

  /// Forgets the tokens in flight behind the first `count`.
  package func keep(_ count: Int) { ledger.keep(count) }

  /// Forgets the positions from `position` on, and the tokens in flight.
  package func rollBack(to position: Int) { ledger.rollBack(to: position) }
}
