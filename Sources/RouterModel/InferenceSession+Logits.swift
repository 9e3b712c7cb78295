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
    model.multiplier.multiply(
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
    guard let (screen, scratch) = screen(for: input, row: row) else { return nil }
    let maximum = model.multiplier.maximum(of: input, by: screen, codes: self.scratch.codes, scratch: scratch)
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
    guard let (screen, scratch) = screen(for: input, row: row) else { return false }
    let blocks = model.multiplier.leading(
      wanted, of: input, by: screen, codes: self.scratch.codes, scratch: scratch, into: output)
    model.headScreen.record(rescoredBlocks: blocks)
    return blocks != nil
  }

  /// Whether the head had a screen when this session last asked for it.
  package var hasHeadScreen: Bool { screenScratch != nil }

  /// The screen of the shared head; an exit with a head of its own has none.
  private func screen(
    for input: UnsafePointer<Float>, row: Int
  ) -> (MatrixScreen, ScreenScratch)? {
    guard model.weights.exitHeads[ledger.depths[row]] == nil, let screen = model.headScreen.screen(for: input)
    else {
      return nil
    }
    let scratch = screenScratch ?? ScreenScratch(for: screen)
    screenScratch = scratch
    return (screen, scratch)
  }
}
