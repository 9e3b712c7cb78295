import RouterCheckpoint
import RouterExit
import RouterModel
import RouterTensor

/// Reads the head for rows of all sequences at once, and of each row as much as its sampler looks at.
final class HeadReader {
  /// A row whose next token is to be chosen.
  struct Row {
    /// f32 `[D]`: what the head reads.
    let input: UnsafePointer<Float>
    /// Layers that made it.
    let depth: Int
    let demand: LogitDemand
    /// Which head.
    var head = HeadWidth.full
  }

  private let runner: ModelRunner
  private let slabs: LogitSlabs
  /// f32 `[n, D]`: inputs of one read, side by side.
  private var gathered = AlignedBuffer(byteCount: 0)

  private var width: Int { runner.model.configuration.width }
  private var vocabularySize: Int { runner.model.configuration.vocabularySize }

  /// Rows whose logits are computed at a time, which bounds their memory.
  private static let logitRows = ModelRunner.narrowLimit

  init(_ runner: ModelRunner) {
    self.runner = runner
    slabs = LogitSlabs(vocabularySize: runner.model.configuration.vocabularySize)
  }

  /// Ends the use of all results.
  func beginSweep() { slabs.releaseAll() }

  /// What chooses the token after each of some rows, and whether the screen of the head could not tell; nil if it was
  /// not asked.
  func read(_ rows: [Row]) -> [(result: HeadResult, missedScreen: Bool?)] {
    var screened = [Bool?](repeating: nil, count: rows.count)
    var results = [HeadResult?](repeating: nil, count: rows.count)
    if rows.count <= runner.model.matmul.screenedInputs { screen(rows, &results, &screened) }
    // Heads of their own are few and belong to exits.
    var left = Dictionary(grouping: rows.indices.filter { results[$0] == nil }) { index in
      HeadKey(
        head: rows[index].head,
        depth: runner.model.weights.exitHeads[rows[index].depth] == nil ? 0 : rows[index].depth)
    }
    while let (key, indices) = left.popFirst() {
      let found = logits(indices.map { rows[$0].input }, depth: key.depth, head: key.head)
      for (index, logits) in zip(indices, found) { results[index] = .logits(logits) }
    }
    return zip(results, screened).compactMap { result, missed in result.map { ($0, missed) } }
  }

  /// Rows that share one read.
  private struct HeadKey: Hashable {
    let head: HeadWidth
    /// Of an exit with a head of its own, else 0.
    let depth: Int
  }

  /// f32 `[V]` each: the logits of rows at one exit, with one read of the head for as many as fit.
  ///
  /// - Parameter head: the shared one in full or narrow; an exit that has a head of its own has no narrow one.
  func logits(
    _ inputs: [UnsafePointer<Float>], depth: Int, head: HeadWidth = .full
  ) -> [UnsafeMutableBufferPointer<Float>] {
    let isNarrow = head == .narrow && runner.hasNarrowHead && runner.model.weights.exitHeads[depth] == nil
    return stride(from: 0, to: inputs.count, by: Self.logitRows).flatMap { start in
      let part = inputs[start..<min(start + Self.logitRows, inputs.count)]
      let output = slabs.take(rows: part.count)
      if isNarrow {
        runner.narrowLogits(of: gather(part), count: part.count, into: output)
      } else {
        runner.logits(of: gather(part), count: part.count, head: runner.head(at: depth), into: output)
      }
      return (0..<part.count).map {
        UnsafeMutableBufferPointer(start: output + $0 * vocabularySize, count: vocabularySize)
      }
    }
  }

  /// Finds what the screen of the shared head tells for less than all logits.
  private func screen(_ rows: [Row], _ results: inout [HeadResult?], _ missed: inout [Bool?]) {
    let fitting = rows.indices.filter {
      rows[$0].demand != .all && rows[$0].head == .full
        && runner.model.weights.exitHeads[rows[$0].depth] == nil
    }
    for start in stride(from: 0, to: fitting.count, by: ModelRunner.scanLimit) {
      let part = fitting[start..<min(start + ModelRunner.scanLimit, fitting.count)]
      let inputs = gather(part.map { rows[$0].input }[...])
      guard let scan = runner.scan(inputs, count: part.count) else { return }
      let greedy = part.enumerated().filter { rows[$0.element].demand == .mostProbable }
      for (asked, token) in zip(greedy, runner.mostProbableTokens(scan, rows: greedy.map(\.offset))) {
        results[asked.element] = token.map(HeadResult.choice)
      }
      for (place, index) in part.enumerated() {
        guard case .leading(let wanted) = rows[index].demand else { continue }
        let logits = slabs.take(rows: 1)
        let isFound = runner.leadingLogits(wanted, scan, row: place, into: logits)
        missed[index] = !isFound
        guard isFound else { continue }
        results[index] = .logits(UnsafeMutableBufferPointer(start: logits, count: vocabularySize))
      }
    }
  }

  /// Inputs side by side, f32 `[n, D]`.
  private func gather(_ inputs: ArraySlice<UnsafePointer<Float>>) -> UnsafePointer<Float> {
    if inputs.count == 1, let input = inputs.first { return input }
    let byteCount = inputs.count * width * 4
    if gathered.byteCount < byteCount { gathered = AlignedBuffer(byteCount: byteCount) }
    let rows = gathered.pointer.assumingMemoryBound(to: Float.self)
    for (row, input) in inputs.enumerated() { (rows + row * width).update(from: input, count: width) }
    return UnsafePointer(rows)
  }
}
