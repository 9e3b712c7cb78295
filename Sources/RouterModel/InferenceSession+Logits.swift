import RouterCheckpoint
import RouterTensor

// Exit n: the residual stream after layer n, through the shared norm and the shared head.
extension InferenceSession {
  /// Logits at the current depth: the exit's adapter if it has one, shared final norm, then head.
  ///
  /// - Parameters:
  ///   - rows: rows in flight, a range within `0 ..< rowCount`.
  ///   - output: f32 `[rows.count, V]`.
  package func logits(rows: Range<Int>, into output: UnsafeMutablePointer<Float>) {
    model.multiplier.multiply(
      headInput(rows: rows), rows: rows.count,
      by: [MatrixProduct(model.weights.head, into: output)], codes: scratch.codes)
  }

  /// The most probable token at the current depth, the lowest id among equals: the one that `logits` would have.
  ///
  /// - Parameter row: a row in flight.
  /// - Returns: nil if the head has no screen, or not yet, or if a logit may not be finite; ask for `logits` then.
  package func mostProbableToken(row: Int) -> Int32? {
    let input = headInput(rows: row..<row + 1)
    guard let screen = model.headScreen.screen(for: input) else { return nil }
    let scratch = screenScratch ?? ScreenScratch(for: screen)
    screenScratch = scratch
    let maximum = model.multiplier.maximum(of: input, by: screen, codes: self.scratch.codes, scratch: scratch)
    model.headScreen.record(maximum)
    return maximum.map { Int32($0.row) }
  }
}
