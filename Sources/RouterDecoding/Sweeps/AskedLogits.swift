import RouterCheckpoint
import RouterExit
import RouterModel

/// The logits that policies ask for at one exit of a sweep: the first that asks has them computed for all rows there
/// whose policies are known to ask, with one read of the head.
final class AskedLogits: ExitLogits {
  private let runner: ModelRunner
  private let reader: HeadReader
  private var rows: [(sequence: DecodingSequence, position: Int)] = []
  private var found: [UnsafeMutableBufferPointer<Float>?] = []
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

  /// Computes the logits of the rows from the current one on; returns its own.
  private func compute() -> UnsafeMutableBufferPointer<Float> {
    let others = rows.indices.filter {
      $0 > current && found[$0] == nil && rows[$0].sequence.asksForLogits
    }
    let wanted = ([current] + others).prefix(runner.rowLimit)
    let inputs = runner.headInput(
      of: wanted.map { rows[$0].sequence.state(of: rows[$0].position) }, at: depth)
    let width = runner.model.configuration.width
    let logits = reader.logits((0..<wanted.count).map { inputs + $0 * width }, depth: depth)
    for (index, logits) in zip(wanted, logits) { found[index] = logits }
    return logits[0]
  }
}
