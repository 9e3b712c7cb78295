import RouterCheckpoint
import RouterTensor

/// What a model keeps of one sequence: its pages of keys and values, which layers have which positions, and the
/// residual stream of the tokens in flight. One thread at a time uses it; a ``ModelRunner`` moves it on.
package final class ModelSequence {
  package let model: LlamaModel
  /// Positions that the sequence can hold.
  package let capacity: Int
  /// Layers that this sequence ever runs: the deepest exit it may use.
  package let depthLimit: Int
  /// Which layers have the keys and values of which positions.
  package private(set) var ledger: KeyValueLedger

  /// Positions, from the first on, whose keys and values are those of a full run in every layer of the model.
  private(set) var exactLimit = Int.max
  let pages: PageTable
  /// f32 `[rows, D]`: the residual stream of each token in flight.
  private var states: AlignedBuffer

  /// Rows that there is always room for.
  private static let leastRows = 8

  /// Makes room for `capacity` positions.
  ///
  /// - Parameters:
  ///   - depthLimit: run only layers 1 ... `depthLimit`; nil for all that are loaded.
  ///   - reserving: whether all pages are promised at once, or as ``reserve(_:)`` asks for them.
  /// - Throws: ``ModelError`` `contextOverflow` if `capacity` exceeds the model's context, `unknownExit` if
  ///   `depthLimit` is not an exit, `outOfPages` if the pool has no room.
  package init(
    of model: LlamaModel, in pool: KeyValuePool, capacity: Int, depthLimit: Int? = nil, reserving: Bool = true
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
    pages = PageTable(in: pool, positions: capacity)
    states = AlignedBuffer(byteCount: Self.leastRows * configuration.width * 4)
    if reserving && !pages.reserve(capacity) {
      let usage = pool.usage
      throw ModelError(
        .outOfPages,
        "\(KeyValueLayout.pageCount(for: capacity)) pages of keys and values were asked for; \(usage.pagesHeld) of "
          + "\(usage.pageLimit) are held and \(usage.pagesPromised) promised",
        remedy: "Wait until a sequence ends, or give keys and values more memory.")
    }
  }

  /// Positions whose keys and values are complete.
  package var position: Int { ledger.complete }
  /// Tokens in flight, T.
  package var rowCount: Int { ledger.depths.count }
  /// Layers that the last token in flight has run; 0 without one.
  package var depth: Int { ledger.depths.last ?? 0 }

  /// f32 `[T, D]`: the residual stream of each token in flight after the layers that it has run, before the final
  /// norm. Valid until the next call.
  package var hidden: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(
      start: states.pointer.assumingMemoryBound(to: Float.self), count: rowCount * model.configuration.width)
  }

  /// f32 `[D]`: one row of ``hidden``.
  package func hidden(row: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: state(row: row), count: model.configuration.width)
  }

  /// f32 `[D]`: where a token in flight has its residual stream; until others come in flight.
  package func state(row: Int) -> UnsafeMutablePointer<Float> {
    precondition(row >= 0 && row < rowCount, "row \(row) of \(rowCount)")
    return states.pointer.assumingMemoryBound(to: Float.self) + row * model.configuration.width
  }

  /// Where the pages of the sequence start.
  var blocks: UnsafePointer<UnsafeMutableRawPointer?> { UnsafePointer(pages.blocks) }
  /// How its pages lie.
  var layout: KeyValueLayout { pages.layout }

  /// Takes the tokens that follow the committed positions in flight, at depth 0, in place of those that are.
  ///
  /// - Throws: ``ModelError`` `contextOverflow` or `unknownToken`; the sequence is unchanged then.
  package func begin(_ tokens: some Collection<Int32>) throws(ModelError) {
    try check(tokens, after: position)
    ledger.rollBack(to: position)
    embed(tokens)
  }

  /// Takes the tokens that follow those in flight in flight as well, at depth 0.
  ///
  /// - Throws: ``ModelError`` `contextOverflow` or `unknownToken`; the sequence is unchanged then.
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
    if let bad = tokens.first(where: { $0 < 0 || $0 >= model.configuration.vocabularySize }) {
      throw ModelError(
        .unknownToken, "token id \(bad) is outside the vocabulary of \(model.configuration.vocabularySize)",
        remedy: "Encode the text with this model's tokenizer.")
    }
  }

  private func embed(_ tokens: some Collection<Int32>) {
    let (first, width) = (rowCount, model.configuration.width)
    makeRoom(rows: first + tokens.count)
    let states = states.pointer.assumingMemoryBound(to: Float.self)
    for (row, token) in tokens.enumerated() {
      model.weights.embedding.decodeRow(Int(token), into: states + (first + row) * width)
    }
    ledger.append(tokens.count)
    pages.reach(ledger.reach)
  }

  /// Has room for `rows` rows and for few more: what a long prompt took is given back with the first short round.
  private func makeRoom(rows: Int) {
    let size = model.configuration.width * 4
    let fitting = max(Self.leastRows, (rows + 7) / 8 * 8)
    guard states.byteCount < rows * size || states.byteCount > 4 * fitting * size else { return }
    let larger = AlignedBuffer(byteCount: fitting * size)
    larger.pointer.copyMemory(from: states.pointer, byteCount: rowCount * size)
    states = larger
  }

  /// Notes that layers have been run on rows in flight.
  package func record(_ run: LayerRun) { ledger.record(run) }

  /// Notes that the layers which the tokens in flight have not run got keys and values otherwise.
  package func fill() {
    if let first = ledger.depths.firstIndex(where: { $0 < depthLimit }) {
      exactLimit = min(exactLimit, position + first)
    }
    ledger.fill()
  }

  /// Has pages promised for the first `positions` positions; false if the pool has not so many.
  package func reserve(_ positions: Int) -> Bool { pages.reserve(min(positions, capacity)) }

  /// Positions that there are pages for.
  package var reserved: Int { min(pages.reserved, capacity) }

  /// Gives all pages back; the sequence is as at its beginning.
  package func releaseAll() {
    pages.releaseAll()
    ledger = KeyValueLedger(layerCount: depthLimit)
    exactLimit = .max
  }

  /// Whether every position has the keys and values of a full run: then its tokens alone say what they are.
  package var isExact: Bool { exactLimit >= position }

  /// Begins with what the pool remembers of the first `limit` of some tokens.
  ///
  /// - Returns: positions that the sequence has now.
  package func adopt(_ tokens: [Int32], limit: Int, scope: PrefixIndex.Scope) -> Int {
    let count = pages.adopt(tokens, limit: min(limit, capacity), scope: scope)
    ledger.begin(with: count)
    return count
  }

  /// How many of the first `limit` of some tokens the pool remembers.
  package func knownCount(of tokens: [Int32], limit: Int, scope: PrefixIndex.Scope) -> Int {
    pages.knownCount(of: tokens, limit: min(limit, capacity), scope: scope)
  }

  /// Has the pool remember the sequence as far as it is complete and exact in all layers.
  ///
  /// - Parameter tokens: of the sequence, from its first position on.
  package func remember(_ tokens: [Int32], scope: PrefixIndex.Scope) {
    guard depthLimit == model.layerCount else { return }
    pages.remember(tokens.prefix(min(position, exactLimit)), scope: scope)
  }

  /// Accepts the tokens in flight, which have run all layers of this sequence.
  package func commitFull() {
    precondition(depth == depthLimit, "only \(depth) of \(depthLimit) layers have run")
    commit(rowCount)
  }

  /// Accepts the first `count` tokens in flight, which have run all layers of this sequence, and forgets the rest.
  package func commit(_ count: Int) { ledger.commit(count) }

  /// Accepts the first `count` tokens in flight, which have run all layers, and keeps the rest in flight.
  package func settle(_ count: Int) {
    guard count > 0 else { return }
    let left = rowCount - count
    let size = model.configuration.width * 4
    states.pointer.copyMemory(from: states.pointer + count * size, byteCount: left * size)
    ledger.settle(count)
  }

  /// Forgets the tokens in flight behind the first `count`.
  package func keep(_ count: Int) { ledger.keep(count) }

  /// Forgets the positions from `position` on, and the tokens in flight.
  package func rollBack(to position: Int) { ledger.rollBack(to: position) }
}
