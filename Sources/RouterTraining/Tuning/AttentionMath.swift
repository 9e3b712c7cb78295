import COpenBLAS
import RouterCheckpoint

/// Causal grouped-query attention of one document, forward and backward, a key/value head at a time.
///
/// For query head h of a group: S = Q K^T / sqrt(K), P = softmax of S over positions up to the row's own,
/// O = P V. Its gradients: dV = P^T dO, dP = dO V^T, dS = P (dP - sum over a row of dP P),
/// dQ = dS K / sqrt(K), dK = dS^T Q / sqrt(K).
struct AttentionMath {
  /// K.
  let headWidth: Int
  /// Query heads that share a key/value head, H / G.
  let sharing: Int
  /// H K: floats from one row of queries to the next.
  let queryStride: Int
  /// G K: floats from one row of keys or values to the next.
  let keyStride: Int

  init(_ configuration: ModelConfiguration) {
    headWidth = configuration.headWidth
    sharing = configuration.headCount / configuration.keyValueHeadCount
    queryStride = configuration.queryWidth
    keyStride = configuration.keyValueWidth
  }

  private var scale: Float { 1 / Float(headWidth).squareRoot() }

  /// Output f32 `[n, H K]` of the query heads that share key/value head `group`.
  ///
  /// - Parameters:
  ///   - query: f32 `[n, H K]`, of the document's first row.
  ///   - key: f32 `[n, G K]`.
  ///   - value: f32 `[n, G K]`.
  ///   - room: f32 `[n, n]`.
  func forward(
    group: Int, rows n: Int, query: UnsafePointer<Float>, key: UnsafePointer<Float>,
    value: UnsafePointer<Float>, room: UnsafeMutablePointer<Float>, into output: UnsafeMutablePointer<Float>
  ) {
    for head in group * sharing..<(group + 1) * sharing {
      let (q, o) = (query + head * headWidth, output + head * headWidth)
      probabilities(n, q, key + group * headWidth, room)
      // O [n, K] = P [n, n] V [n, K]
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(n), blasint(headWidth), blasint(n), 1, room,
        blasint(n), value + group * headWidth, blasint(keyStride), 0, o, blasint(queryStride))
    }
  }

  /// Gradients f32 of the same shapes as the inputs; `dKey` and `dValue` of the group are overwritten.
  ///
  /// - Parameters:
  ///   - dOutput: f32 `[n, H K]`.
  ///   - room: f32 `[2, n, n]`.
  func backward(
    group: Int, rows n: Int, query: UnsafePointer<Float>, key: UnsafePointer<Float>,
    value: UnsafePointer<Float>, dOutput: UnsafePointer<Float>, room: UnsafeMutablePointer<Float>,
    dQuery: UnsafeMutablePointer<Float>, dKey: UnsafeMutablePointer<Float>,
    dValue: UnsafeMutablePointer<Float>
  ) {
    let (k, v) = (key + group * headWidth, value + group * headWidth)
    let (dk, dv) = (dKey + group * headWidth, dValue + group * headWidth)
    let (p, ds) = (room, room + n * n)
    for head in group * sharing..<(group + 1) * sharing {
      let (q, d) = (query + head * headWidth, dOutput + head * headWidth)
      let keeps: Float = head == group * sharing ? 0 : 1
      probabilities(n, q, k, p)
      // dV [n, K] += P^T dO
      cblas_sgemm(
        CblasRowMajor, CblasTrans, CblasNoTrans, blasint(n), blasint(headWidth), blasint(n), 1, p, blasint(n),
        d, blasint(queryStride), keeps, dv, blasint(keyStride))
      // dP [n, n] = dO V^T
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasTrans, blasint(n), blasint(n), blasint(headWidth), 1, d,
        blasint(queryStride), v, blasint(keyStride), 0, ds, blasint(n))
      for row in 0..<n {
        let (pRow, dRow) = (p + row * n, ds + row * n)
        let mean = Vectors.dot(pRow, dRow, row + 1)
        for i in 0...row { dRow[i] = pRow[i] * (dRow[i] - mean) }
        (dRow + row + 1).update(repeating: 0, count: n - row - 1)
      }
      // dQ [n, K] = dS K
      cblas_sgemm(
        CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(n), blasint(headWidth), blasint(n), scale, ds,
        blasint(n), k, blasint(keyStride), 0, dQuery + head * headWidth, blasint(queryStride))
      // dK [n, K] += dS^T Q
      cblas_sgemm(
        CblasRowMajor, CblasTrans, CblasNoTrans, blasint(n), blasint(headWidth), blasint(n), scale, ds,
        blasint(n), q, blasint(queryStride), keeps, dk, blasint(keyStride))
    }
  }

  /// P `[n, n]` of one query head: zero beyond a row's own position.
  private func probabilities(
    _ n: Int, _ q: UnsafePointer<Float>, _ k: UnsafePointer<Float>, _ p: UnsafeMutablePointer<Float>
  ) {
    cblas_sgemm(
      CblasRowMajor, CblasNoTrans, CblasTrans, blasint(n), blasint(n), blasint(headWidth), scale, q,
      blasint(queryStride), k, blasint(keyStride), 0, p, blasint(n))
    for row in 0..<n {
      let scores = p + row * n
      let sum = Vectors.exponentials(scores, minus: Vectors.maximum(scores, row + 1), row + 1)
      let inverse = 1 / sum
      for i in 0...row { scores[i] *= inverse }
      (scores + row + 1).update(repeating: 0, count: n - row - 1)
    }
  }
}
