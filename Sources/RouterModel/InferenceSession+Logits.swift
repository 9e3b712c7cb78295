import RouterCheckpoint
import RouterTensor

// Exit n: the residual stream after layer n, through the shared norm and the shared head.
extension InferenceSession {
  /// Logits at the current depth: shared final norm, then head.
  ///
  /// - Parameters:
  ///   - rows: rows in flight, a range within `0 ..< rowCount`.
  ///   - output: f32 `[rows.count, V]`.
  package func logits(rows: Range<Int>, into output: UnsafeMutablePointer<Float>) {
    precondition(rows.lowerBound >= 0 && rows.upperBound <= rowCount, "rows \(rows) of \(rowCount)")
    let width = model.configuration.width
    for row in rows {
      model.multiplier.kernels.rmsNorm(
        scratch.hidden + row * width, weight: model.weights.finalNorm, count: width,
        epsilon: model.configuration.normEpsilon, into: scratch.normed + row * width)
    }
    model.multiplier.multiply(
      scratch.normed + rows.lowerBound * width, rows: rows.count,
      by: [MatrixProduct(model.weights.head, into: output)], codes: scratch.codes)
  }
}
