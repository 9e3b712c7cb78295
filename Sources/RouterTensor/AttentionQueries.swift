import CRouterKernels

/// Rows of queries of the heads that share one head of keys and values.
package struct AttentionQueries {
  let view: rk_queries

  /// - Parameters:
  ///   - rows: f32 `[rows, stride]`, of which the first `heads * K` elements are the queries.
  ///   - heads: query heads that share the keys.
  ///   - position: of the first row; row r sees positions 0 ... `position + r`.
  ///   - scale: of the scores, > 0.
  package init(rows: UnsafePointer<Float>, stride: Int, heads: Int, position: Int, scale: Float) {
    view = rk_queries(rows: rows, stride: stride, heads: heads, position: position, scale: scale)
  }
}
