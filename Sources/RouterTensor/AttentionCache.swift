import CRouterKernels

/// The keys and values of one head, in memory that somebody else owns: blocks of 128 positions (see
/// `router_kernels.h`).
package struct AttentionCache {
  /// Positions of a block.
  package static let blockPositions = Int(rk_cache_block)
  /// Positions whose keys may share a cache line of 64 bytes; threads that write to one line disturb each other.
  package static let linePositions = 32

  let view: rk_cache

  /// - Parameters:
  ///   - keys: the keys of the first block, `[2, K, 64]`.
  ///   - values: the values of the first block, `[128, K]`.
  ///   - blockStride: elements from a block to the next.
  ///   - width: K.
  package init(
    keys: UnsafeMutableRawPointer, values: UnsafeMutableRawPointer, blockStride: Int, width: Int,
    element: CacheElement
  ) {
    view = rk_cache(
      keys: keys, values: values, stride: blockStride, width: width, element: element.code)
  }
}

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
