import RouterCheckpoint
import RouterExit
import RouterModel
import RouterTensor

/// The logits that policies ask for at one exit of a sweep: the first that asks has them computed for all rows there
/// whose policies are known to ask the same head, with one read of it.
final class AskedLogits: ExitLogits {
  private let runner: ModelRunner
  private let reader: HeadReader
  private var rows: [(sequence: DecodingSequence, position: Int)] = []
  private var found: [UnsafeMutableBufferPointer<Float>?] = []
  /// Of rows that have been asked for them; nil within for logits that are not finite.
  private var known: [SoftmaxStatistics??] = []
  /// Whether a row's policy is known to ask.
  private var isAsked: [Bool] = []
  private var depth = 0
  /// The row whose policy is being asked.
  private var current = 0

  init(_ runner: ModelRunner, _ reader: HeadReader) {
    self.runner = runner
    self.reader = reader
  }

  /// Starts an exit.
  func begin(_ rows: [(sequence: DecodingSequence, position: Int)], depth: Int) {
    self.rows = rows
    self.depth = depth
    found = [UnsafeMutableBufferPointer<Float>?](repeating: nil, count: rows.count)
    known = [SoftmaxStatistics??](repeating: nil, count: rows.count)
    isAsked = rows.map { $0.sequence.wantsLogits($0.position, depth: depth, logits: self) }
  }

  /// Lets go of the rows.
  func end() {
    rows.removeAll(keepingCapacity: true)
    found.removeAll(keepingCapacity: true)
  }

  /// Turns to a row.
  func turn(to index: Int) { current = index }

  /// The logits of a row, if they have been computed.
  func result(of index: Int) -> HeadResult? { found[index].map(HeadResult.logits) }

  func logits() -> UnsafeBufferPointer<Float> {
    rows[current].sequence.asksForLogits = true
    return UnsafeBufferPointer(found[current] ?? compute())
  }

  func statistics() -> SoftmaxStatistics? {
    _ = logits()
    if known[current] == nil { computeStatistics() }
    return known[current] ?? nil
  }

  /// Computes the statistics of all rows whose logits are there.
  private func computeStatistics() {
    let wanted = rows.indices.filter { found[$0] != nil && known[$0] == nil }
    let count = runner.model.configuration.vocabularySize
    let sums = runner.model.matmul.softmaxSums(
      of: wanted.compactMap { found[$0]?.baseAddress.map { UnsafePointer($0) } }, count: count)
    for (index, sums) in zip(wanted, sums) {
      known[index] = .some(
        SoftmaxStatistics(
          count: count, largest: sums.largest, second: sums.second, smallest: sums.smallest,
          partition: sums.partition, weightedSum: sums.weighted))
    }
  }

  /// Computes the logits of the rows from the current one on; returns its own.
  private func compute() -> UnsafeMutableBufferPointer<Float> {
    let head = rows[current].sequence.settings.head
    let others = rows.indices.filter {
      $0 > current && found[$0] == nil && isAsked[$0] && rows[$0].sequence.settings.head == head
    }
    let wanted = ([current] + others).prefix(runner.rowLimit)
    let inputs = runner.headInput(
      of: wanted.map { rows[$0].sequence.state(of: rows[$0].position) }, at: depth)
    let width = runner.model.configuration.width
    let logits = reader.logits((0..<wanted.count).map { inputs + $0 * width }, depth: depth, head: head)
    for (index, logits) in zip(wanted, logits) { found[index] = logits }
    return logits[0]
  }
}
