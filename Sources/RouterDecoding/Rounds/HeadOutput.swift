import RouterCheckpoint
import RouterModel

/// Output of the head for a row in flight, which chooses the next token: its logits, or as much of them as the sampler
/// looks at.
final class HeadOutput {
  private let session: InferenceSession
  /// f32 `[V]`
  let logits: UnsafeMutableBufferPointer<Float>
  /// What is wanted of the logits; all of them once a few tokens have shown that less is not to be had.
  private var demand: LogitDemand
  /// Tokens in a row whose leading logits the screen could not tell.
  private var misses = 0
  /// The row and the depth that `logits` belong to; nil if they belong to no row in flight.
  private var owner: Owner?
  /// The most probable next token, if it was found without `logits`, which then hold others.
  private(set) var choice: Int32?
  /// f32 `[rows, V]`: logits of rows that were prepared together, and what they belong to.
  private var prepared: [Float] = []
  private var preparedRows: (rows: Range<Int>, depth: Int)?

  private struct Owner: Equatable {
    let row: Int
    let depth: Int
  }

  private static let missLimit = 4

  init(session: InferenceSession, demand: LogitDemand) {
    self.session = session
    self.demand = demand
    logits = .allocate(capacity: session.model.configuration.vocabularySize)
    logits.initialize(repeating: 0)
  }

  deinit { logits.deallocate() }

  /// Starts a round: other tokens are in flight than those whose logits are there.
  func beginRound() {
    owner = nil
    preparedRows = nil
  }

  /// Does for several rows at once, with one read of the head, what `conclude` would do for each alone.
  ///
  /// - Parameter rows: rows in flight that have run the same layers.
  func prepare(rows: Range<Int>) {
    guard rows.count > 1, !rows.allSatisfy(holdsLogits) else { return }
    if demand != .all, session.scanHead(rows: rows) { return }
    prepareLogits(rows: rows)
  }

  /// Computes the logits of several rows with one read of the head.
  ///
  /// - Parameter rows: rows in flight that have run the same layers.
  func prepareLogits(rows: Range<Int>) {
    guard rows.count > 1 else { return }
    let count = rows.count * logits.count
    if prepared.count < count { prepared = [Float](repeating: 0, count: count) }
    prepared.withUnsafeMutableBufferPointer { buffer in
      if let base = buffer.baseAddress { session.logits(rows: rows, into: base) }
    }
    preparedRows = (rows, session.ledger.depths[rows.lowerBound])
  }

  /// The logits of a row in flight where it is; computed once.
  func logits(row: Int) -> UnsafeBufferPointer<Float> {
    let owner = Owner(row: row, depth: session.ledger.depths[row])
    if self.owner != owner, let base = logits.baseAddress {
      if let preparedRows, isPrepared(owner) {
        let first = (row - preparedRows.rows.lowerBound) * logits.count
        _ = logits.update(fromContentsOf: prepared[first..<first + logits.count])
      } else {
        session.logits(rows: row..<row + 1, into: base)
      }
      self.owner = owner
    }
    return UnsafeBufferPointer(logits)
  }

  /// The head's result for a row, to be taken when the row has gone deeper.
  func result(row: Int) -> HeadResult {
    conclude(row: row)
    return choice.map(HeadResult.choice) ?? .logits(Array(logits))
  }

  /// Puts a result in place.
  func take(_ result: HeadResult) {
    choice = nil
    switch result {
    case .choice(let token): choice = token
    case .logits(let values):
      owner = nil
      _ = logits.update(fromContentsOf: values)
    }
  }

  /// Whether `logits(row:)` has nothing to compute.
  func holdsLogits(row: Int) -> Bool {
    let owner = Owner(row: row, depth: session.ledger.depths[row])
    return self.owner == owner || isPrepared(owner)
  }

  private func isPrepared(_ owner: Owner) -> Bool {
    preparedRows.map { $0.rows.contains(owner.row) && $0.depth == owner.depth } ?? false
  }

  /// Finds what chooses the token after a row: `choice` alone if that is enough and can be had for less, else
  /// what is wanted of the logits.
  func conclude(row: Int) {
    choice = nil
    // Logits that a policy has asked for are there.
    guard owner != Owner(row: row, depth: session.ledger.depths[row]), let base = logits.baseAddress else {
      return
    }
    switch demand {
    case .all: break
    case .mostProbable:
      choice = session.mostProbableToken(row: row)
      if choice != nil { return }
    case .leading(let wanted):
      if session.leadingLogits(wanted, row: row, into: base) {
        owner = nil
        misses = 0
        return
      }
      misses += session.hasHeadScreen ? 1 : 0
      if misses == Self.missLimit { demand = .all }
    }
    _ = logits(row: row)
  }
}
