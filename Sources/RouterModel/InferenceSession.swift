import RouterCheckpoint
import RouterTensor

/// The mutable state of one sequence: key/value cache, residual stream of the tokens in flight, scratch.
///
/// A round is `begin` (embed one or more tokens), `advance` (run layers, once or in steps), optionally
/// `logits`, then `commit`. One thread at a time uses a session.
package final class InferenceSession {
  package let model: LlamaModel
  /// Positions that the sequence can hold.
  package let capacity: Int
  /// Layers that this sequence ever runs: the deepest exit it may use.
  package let depthLimit: Int
  /// Positions whose keys and values are complete.
  package private(set) var position = 0
  /// Tokens in flight, T.
  package private(set) var rowCount = 0
  /// Layers that the tokens in flight have run.
  package private(set) var depth = 0

  let caches: [KeyValueCache]
  let rotary: RotaryTable
  let scratch: SessionScratch
  /// f32 `[blocks, partRows, H, K + 2]`: what blocks of the cache contribute to rows, before it is joined.
  let parts: AlignedBuffer
  let propagation: PropagationScratch
  /// Made when the head's screen is first used.
  var screenScratch: ScreenScratch?

  /// Tokens that one round takes at most.
  package static let maximumRows = 128

  /// Makes room for `capacity` positions.
  ///
  /// - Parameters:
  ///   - depthLimit: run only layers 1 ... `depthLimit`; nil for all that are loaded.
  ///   - cachePrecision: element type of keys and values; nil for ``LlamaModel/fittingCachePrecision``.
  /// - Throws: ``ModelError`` `contextOverflow` if `capacity` exceeds the model's context, `unknownExit` if
  ///   `depthLimit` is not an exit.
  package init(
    model: LlamaModel, capacity: Int, depthLimit: Int? = nil, cachePrecision: CachePrecision? = nil
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
    caches = KeyValueCache.layers(
      limit, configuration: configuration, capacity: capacity,
      precision: cachePrecision ?? model.fittingCachePrecision)
    rotary = RotaryTable(configuration: configuration, positions: capacity)
    scratch = SessionScratch(configuration: configuration, rows: min(Self.maximumRows, capacity))
    let blockCount = (capacity + HeadCache.blockPositions - 1) / HeadCache.blockPositions
    parts = AlignedBuffer(
      byteCount: blockCount * Self.partRows * configuration.headCount * (configuration.headWidth + 2) * 4)
    propagation = PropagationScratch(configuration: configuration, layers: limit)
  }

  /// f32 `[T, D]`: the residual stream after ``depth`` layers, before the final norm. Valid until the next call.
  package var hidden: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: scratch.hidden, count: rowCount * model.configuration.width)
  }

  /// Takes the tokens that follow the committed positions in flight, at depth 0.
  ///
  /// - Throws: ``ModelError`` `contextOverflow` or `unknownToken`; the session is unchanged then.
  package func begin(_ tokens: some Collection<Int32>) throws(ModelError) {
    guard position + tokens.count <= capacity else {
      throw ModelError(
        .contextOverflow, "the sequence has room for \(capacity) positions and \(position) are taken",
        remedy: "Shorten the prompt or ask for fewer new tokens.")
    }
    precondition(tokens.count <= scratch.rows, "at most \(scratch.rows) tokens a round")
    if let bad = tokens.first(where: { $0 < 0 || $0 >= model.configuration.vocabularySize }) {
      throw ModelError(
        .unknownToken, "token id \(bad) is outside the vocabulary of \(model.configuration.vocabularySize)",
        remedy: "Encode the text with this model's tokenizer.")
    }
    for (row, token) in tokens.enumerated() {
      model.weights.embedding.decodeRow(Int(token), into: scratch.hidden + row * model.configuration.width)
    }
    rowCount = tokens.count
    depth = 0
  }

  /// Runs layers `depth + 1` ... `target` on the tokens in flight.
  package func advance(to target: Int) {
    precondition(target >= depth && target <= depthLimit, "layer \(target) after layer \(depth)")
    while depth < target {
      run(layer: depth)
      depth += 1
    }
  }

  /// Fills the keys and values of the layers that the tokens in flight did not run, from their hidden state:
  /// each skipped layer's own norm, W_K and W_V (CALM, arXiv 2207.07061, section 3.1). Then commits.
  package func propagateAndCommit() {
    if depth < depthLimit { propagate() }
    commit()
  }

  /// Accepts the tokens in flight, which have run all layers of this session.
  package func commitFull() {
    precondition(depth == depthLimit, "only \(depth) of \(depthLimit) layers have run")
    commit()
  }

  private func commit() {
    position += rowCount
    rowCount = 0
  }

  /// Forgets the positions from `position` on.
  package func rollBack(to position: Int) {
    precondition(position >= 0 && position <= self.position)
    self.position = position
    rowCount = 0
  }
}
