import RouterCheckpoint
import RouterTensor

// Exit n: the residual stream after layer n, through the shared norm and the shared head.
extension InferenceSession {
  /// Logits where rows are: the exit's adapter if it has one, shared final norm, then the shared head or
  /// the exit's own.
  ///
  /// - Parameters:
  ///   - rows: rows in flight that have run the same layers, a range within `0 ..< rowCount`.
  ///   - output: f32 `[rows.count, V]`.
  package func logits(rows: Range<Int>, into output: UnsafeMutablePointer<Float>) {
    model.matmul.multiply(
      headInput(rows: rows), rows: rows.count,
      by: [MatrixProduct(model.weights.exitHeads[depth(of: rows)] ?? model.weights.head, into: output)],
      codes: scratch.codes)
  }

  /// The most probable token at a row's depth, the lowest id among equals: the one that `logits` would have.
  ///
  /// - Parameter row: a row in flight.
  /// - Returns: nil if the head has no screen, or not yet, or if a logit may not be finite; ask for `logits` then.
  package func mostProbableToken(row: Int) -> Int32? {
    let input = headInput(rows: row..<row + 1)
    guard let screen = screen(for: input, row: row) else { return nil }
    let scan = scan(row: row, input, by: screen)
    let maximum = model.matmul.maximum(
      of: input, scored: row - scan.rows.lowerBound, by: screen, codes: scratch.codes, scratch: scan.scores)
    model.headScreen.record(rescoredBlocks: maximum?.rescoredBlocks)
    return maximum.map { Int32($0.row) }
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
    let input = headInput(rows: row..<row + 1)
    guard let screen = screen(for: input, row: row) else { return false }
    var blocks: Int?
    if model.matmul.isWorthwhile(wanted, by: screen) {
      let scan = scan(row: row, input, by: screen)
      blocks = model.matmul.leading(
        wanted, of: input, scored: row - scan.rows.lowerBound, by: screen, codes: scratch.codes,
        scratch: scan.scores, into: output)
    }
    model.headScreen.record(rescoredBlocks: blocks)
    return blocks != nil
  }

  /// Takes the part of ``mostProbableToken(row:)`` and ``leadingLogits(_:row:into:)`` that reads the head's screen
  /// for several rows at once.
  ///
  /// - Parameter rows: rows in flight that have run the same layers.
  /// - Returns: false if the head has no screen, or not yet.
  package func scanHead(rows: Range<Int>) -> Bool {
    guard model.weights.exitHeads[depth(of: rows)] == nil, let screen = model.headScreen.made else {
      return false
    }
    if let headScan, headScan.rows.contains(rows) { return true }
    _ = scan(rows: rows.prefix(ScreenScratch.inputLimit), headInput(rows: rows), by: screen)
    return true
  }

  /// Whether the head had a screen when this session last asked for it.
  package var hasHeadScreen: Bool { screenScratch != nil }

  /// The screen of the shared head; an exit with a head of its own has none.
  private func screen(for input: UnsafePointer<Float>, row: Int) -> MatrixScreen? {
    model.weights.exitHeads[ledger.depths[row]] == nil ? model.headScreen.screen(for: input) : nil
  }

  /// Scores that hold a row's: those that are there, or new ones of the row alone.
  private func scan(row: Int, _ input: UnsafePointer<Float>, by screen: MatrixScreen) -> HeadScan {
    if let headScan, headScan.rows.contains(row) { return headScan }
    return scan(rows: row..<row + 1, input, by: screen)
  }

  private func scan(
    rows: Range<Int>, _ inputs: UnsafePointer<Float>, by screen: MatrixScreen
  ) -> HeadScan {
    let scores = screenScratch ?? ScreenScratch(for: screen)
    screenScratch = scores
    model.matmul.score(inputs, rows: rows.count, by: screen, codes: scratch.codes, scratch: scores)
    let scan = HeadScan(rows: rows, scores: scores)
    headScan = scan
    return scan
  }
}
